/** Lengths of a running window in seconds, and how they read. */
export const WINDOWS = [60, 300, 600, 3600, 21_600, 86_400]

export function windowText(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  return seconds < 3600 ? `${Math.round(seconds / 6) / 10} min` : `${Math.round(seconds / 360) / 10} h`
}
