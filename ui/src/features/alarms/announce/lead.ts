/** Of several pages of this browser one speaks: the first, and when it is closed the next. */
export function leadWhenAlone(lead: () => void): () => void {
  if (!('locks' in navigator)) {
    lead()
    return () => undefined
  }
  const ended = new AbortController()
  let release = () => undefined as void
  const held = new Promise<void>((resolve) => (release = resolve))
  navigator.locks
    .request('ionpy-alarm-sound', { signal: ended.signal }, () => {
      lead()
      return held
    })
    .catch(() => undefined)
  return () => {
    ended.abort()
    release()
  }
}
