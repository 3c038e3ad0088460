/** Times between the server's seconds and the fields of a browser, which know local time only. */

/** `2026-03-01T14:03:22.250`, as a `datetime-local` field holds it; milliseconds only where there are some. */
export function localText(seconds: number): string {
  const date = new Date(Math.round(seconds * 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const rest = date.getMilliseconds() ? `.${String(date.getMilliseconds()).padStart(3, '0')}` : ''
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${rest}`
}

/** Unix seconds of what a field holds; null when it is no time. */
export function timeOf(text: string): number | null {
  const time = text ? new Date(text).getTime() : NaN
  return Number.isFinite(time) ? time / 1000 : null
}
