const DATE = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const DATE_YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const CLOCK = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const MINUTES = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const ZONED = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
})

/**
 * Writes a time (ms since the epoch) as local hours, minutes and seconds, optionally with
 * milliseconds.
 */
export function formatClock(time: number, milliseconds = false): string {
  const fraction = milliseconds ? `.${String(Math.floor(((time % 1000) + 1000) % 1000)).padStart(3, '0')}` : ''
  return `${CLOCK.format(time)}${fraction}`
}

const sameDay = (a: number, b: number) => new Date(a).toDateString() === new Date(b).toDateString()

/** Writes a time of today as a clock time, and others with the day. */
export function formatTime(time: number, now = Date.now()): string {
  if (sameDay(time, now)) return CLOCK.format(time)
  const date = new Date(time).getFullYear() === new Date(now).getFullYear() ? DATE : DATE_YEAR
  return `${date.format(time)}, ${MINUTES.format(time)}`
}

/** Writes the full date and time with its zone, for a title. */
export const formatAbsolute = (time: number): string => ZONED.format(time)

/** Writes a length in milliseconds in the largest unit that fits: `6 min`. */
export function formatSpan(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86400) {
    const minutes = Math.floor((seconds % 3600) / 60)
    return `${Math.floor(seconds / 3600)} h${minutes && seconds < 6 * 3600 ? ` ${minutes} min` : ''}`
  }
  return `${Math.floor(seconds / 86400)} d`
}

/** Writes a time relative to now: `6 min ago`, `in 2 h`, `just now`. */
export function formatRelative(time: number, now = Date.now()): string {
  const distance = now - time
  if (Math.abs(distance) < 5000) return 'just now'
  return distance > 0 ? `${formatSpan(distance)} ago` : `in ${formatSpan(-distance)}`
}

/** Writes an absolute range: `22 Nov, 14:02 – 14:20`. */
export function formatRange({ from, to }: { from: number; to: number }, now = Date.now()): string {
  const short = to - from < 120e3
  const clock = short ? CLOCK : MINUTES
  const day = sameDay(from, now) ? '' : `${DATE.format(from)}, `
  const endDay = sameDay(from, to) ? '' : sameDay(to, now) ? 'today, ' : `${DATE.format(to)}, `
  return `${day}${clock.format(from)} – ${endDay}${clock.format(to)}`
}
