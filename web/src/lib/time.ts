/** Times are UTC on the wire and shown in the user's zone, which is always named. */

export function formatTime(at: string | null | undefined, zone?: string, locale?: string): string {
  if (!at) return '\u2013'
  const options: Intl.DateTimeFormatOptions = {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }
  if (zone) options.timeZone = zone
  return new Intl.DateTimeFormat(locale, options).format(new Date(at))
}

export function formatDateTime(at: string | null | undefined, zone?: string, locale?: string): string {
  if (!at) return '\u2013'
  const options: Intl.DateTimeFormatOptions = {
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }
  if (zone) options.timeZone = zone
  return new Intl.DateTimeFormat(locale, options).format(new Date(at))
}

/** Returns an age as people say it: `4 s`, `3 min`, `2 h`, `5 d`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}
