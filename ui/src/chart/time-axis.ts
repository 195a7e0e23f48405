const hourMinute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const withSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric' })
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

const DAY = 86_400_000

function startsDay(time: number): boolean {
  const date = new Date(time)
  return date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0
}

/** Returns labels of ticks `spacing` milliseconds apart: local time, and the day at midnight. */
export function timeTicks(times: number[], spacing: number): string[] {
  return times.map((tick) => {
    // A tick may miss its round time by a fraction of a millisecond.
    const time = Math.round(tick)
    if (spacing >= 2 * DAY) return dayMonth.format(time)
    if (startsDay(time)) return weekday.format(time)
    if (spacing >= DAY) return dayMonth.format(time)
    return spacing < 60_000 ? withSeconds.format(time) : hourMinute.format(time)
  })
}

const SECOND = 1000
const SPACINGS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800,
]

/** Returns at most `max` round local times from `from` to `to`, in milliseconds. */
export function roundTimes(from: number, to: number, max: number): number[] {
  if (!(to > from)) return []
  const spacing = (SPACINGS.find((seconds) => (to - from) / (seconds * SECOND) <= max) ?? 2_419_200) * SECOND
  const offset = new Date(from).getTimezoneOffset() * 60 * SECOND
  const times: number[] = []
  for (let local = Math.ceil((from - offset) / spacing) * spacing; local + offset <= to; local += spacing)
    times.push(local + offset)
  return times
}
