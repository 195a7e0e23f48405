const hourMinute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const withSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric' })
const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

const DAY = 86_400_000

function startsDay(time: number): boolean {
  const date = new Date(time)
  return date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0
}

/** Labels of a time axis (ms) whose ticks are `spacing` milliseconds apart: local time, days named at midnight. */
export function timeTicks(times: number[], spacing: number): string[] {
  return times.map((time) => {
    if (spacing >= 2 * DAY) return dayMonth.format(time)
    if (startsDay(time)) return weekday.format(time)
    if (spacing >= DAY) return dayMonth.format(time)
    return spacing < 60_000 ? withSeconds.format(time) : hourMinute.format(time)
  })
}
