/** Which foreign pages and pictures the server lets a dashboard show. */
import { http } from './client'

export const originsApi = {
  list: async () => (await http.get<{ frame_origins?: string[] }>('/api/system/status')).frame_origins ?? [],
}
