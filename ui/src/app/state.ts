/** Which of the shell's windows are open; header, shortcuts and palette open the same ones. */
import { reactive } from 'vue'

export const shell = reactive({
  choosing: false,
  palette: false,
  keys: false,
  panic: false,
  rearm: false,
  recording: false,
  stopping: false,
  marking: false,
})
