/** Every server path about alarms and who is told of them, typed. */
import { address, http, type Query } from './client'
import type { Alarm, AlarmDefinitions, AlarmList, AlarmQuality, AlarmRouting, AlarmTransition, MessageState, NewSilence, Outbox, OutboxItem, Receiver, ReceiverTest, RoutingQuestion, RoutingTest, Silence } from './alarmTypes'
import type { Items } from './types'

const seg = encodeURIComponent
const root = '/api/alarms'

export type AlarmVerb = 'ack' | 'unack' | 'shelve' | 'unshelve' | 'reset' | 'out-of-service' | 'return-to-service'

/** What the history is asked for; times are Unix seconds, `before` is the id of the oldest one at hand. */
export interface HistoryQuery extends Query {
  severity?: string
  device?: string
  source?: string
  text?: string
  since?: number
  until?: number
  limit?: number
  before?: number
}

export const alarmsApi = {
  active: () => http.get<AlarmList>(root, { state: 'active' }),
  history: (query: HistoryQuery = {}) => http.get<AlarmList<AlarmTransition>>(root, { state: 'history', ...query }),
  act: (id: number, verb: AlarmVerb, body: { comment?: string; reason?: string; minutes?: number }) => http.post<Alarm>(`${root}/${id}/${verb}`, body),
  acknowledgeMany: (ids: number[], comment: string) => http.post<{ acknowledged: number }>(`${root}/ack`, { ids, comment }),
  quality: (days: number) => http.get<AlarmQuality>(`${root}/quality`, { days }),
  exportHref: (format: 'csv' | 'json', since?: number, until?: number) => address(`${root}/export`, { format, since, until }),
}

export const definitionsApi = {
  get: () => http.get<AlarmDefinitions>(`${root}/definitions`),
  save: (text: string, etag: string) => http.put<AlarmDefinitions>(`${root}/definitions`, { text, etag }),
}

export const routingApi = {
  get: () => http.get<AlarmRouting>(`${root}/routing`),
  save: (text: string, etag: string) => http.put<AlarmRouting>(`${root}/routing`, { text, etag }),
  test: (question: RoutingQuestion) => http.post<RoutingTest>(`${root}/routing/test`, question),
}

export const silencesApi = {
  list: () => http.get<Items<Silence>>(`${root}/silences`),
  create: (silence: NewSilence) => http.post<Silence>(`${root}/silences`, silence),
  expire: (id: Silence['id']) => http.delete<unknown>(`${root}/silences/${seg(id)}`),
}

export const outboxApi = {
  list: (query: { state?: MessageState | ''; receiver?: string; limit?: number } = {}) => http.get<Outbox>(`${root}/outbox`, query),
  retry: (id: OutboxItem['id']) => http.post<OutboxItem>(`${root}/outbox/${id}/retry`),
}

export const receiversApi = {
  list: () => http.get<{ items: Receiver[] }>(`${root}/receivers`),
  test: (name: string) => http.post<ReceiverTest>(`${root}/receivers/${seg(name)}/test`),
}
