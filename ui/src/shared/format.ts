/** A number in a readable scale, with its unit apart so that it can be set smaller. */
export interface Quantity {
  number: string
  unit: string
}

/** Three significant digits, never in exponent form for everyday sizes. */
export function digits(value: number): string {
  const size = Math.abs(value)
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '-∞' : '–'
  if (size === 0) return '0'
  if (size < 0.001) return value.toExponential(1)
  if (size < 1) return trim(value.toFixed(3))
  if (size < 10) return trim(value.toFixed(2))
  if (size < 100) return trim(value.toFixed(1))
  return Math.round(value).toLocaleString('en-GB')
}

const trim = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

function scaled(value: number, base: number, names: readonly string[]): Quantity {
  let size = Math.abs(value)
  let index = 0
  while (size >= base * 0.9995 && index < names.length - 1) {
    size /= base
    index += 1
  }
  return { number: digits(value / base ** index), unit: names[index] ?? '' }
}

const COUNTS = ['', 'k', 'M', 'G', 'T'] as const
const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const
const SECONDS_PER: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400 }

/** A duration in seconds as ns, µs, ms, s, min, h or d. */
export function durationQuantity(seconds: number): Quantity {
  const size = Math.abs(seconds)
  if (size === 0) return { number: '0', unit: 'ms' }
  if (size < 0.9995e-6) return { number: digits(seconds * 1e9), unit: 'ns' }
  if (size < 0.9995e-3) return { number: digits(seconds * 1e6), unit: 'µs' }
  if (size < 0.9995) return { number: digits(seconds * 1e3), unit: 'ms' }
  if (size < 120) return { number: digits(seconds), unit: 's' }
  if (size < 7200) return { number: digits(seconds / 60), unit: 'min' }
  if (size < 172800) return { number: digits(seconds / 3600), unit: 'h' }
  return { number: digits(seconds / 86400), unit: 'd' }
}

/** A value in a UCUM unit as people read it: `ns` to ms, `By` to MiB, `1` as it is, `%` with a sign, `/s` kept. */
export function quantity(value: number | null | undefined, unit: string): Quantity {
  if (value === null || value === undefined || Number.isNaN(value)) return { number: '–', unit: '' }
  const [base = '', ...per] = unit.replaceAll(/\{[^}]*\}/g, '').split('/')
  const suffix = per.length ? `/${per.join('/')}` : ''
  const annotation = /^\{([^}]*)\}/.exec(unit)?.[1] ?? ''
  if (base in SECONDS_PER && !suffix) return durationQuantity(value * (SECONDS_PER[base] ?? 1))
  if (base === 'By' || base === 'B' || base === 'bytes') return withSuffix(scaled(value, 1024, BYTES), suffix)
  if (base === 'bit') return withSuffix(scaled(value, 1000, ['bit', 'kbit', 'Mbit', 'Gbit']), suffix)
  if (base === 'ratio') return { number: digits(value * 100), unit: '%' }
  if (base === '%') return { number: digits(value), unit: '%' }
  if (base === 'Hz') return withSuffix(scaled(value, 1000, ['Hz', 'kHz', 'MHz', 'GHz']), suffix)
  const count = scaled(value, 1000, COUNTS)
  const name = base === '1' || base === '' ? annotation : base === 'Cel' ? '°C' : base
  return { number: `${count.number}${count.unit}`, unit: `${name}${suffix}` }
}

const withSuffix = (given: Quantity, suffix: string): Quantity => ({ ...given, unit: `${given.unit}${suffix}` })

/** `quantity` as one text. */
export function formatValue(value: number | null | undefined, unit: string): string {
  const { number, unit: shown } = quantity(value, unit)
  if (!shown) return number
  return shown === '%' || shown.startsWith('/') ? `${number}${shown}` : `${number} ${shown}`
}

/** Nanoseconds as text. */
export const formatDuration = (nanoseconds: number | null | undefined): string => formatValue(nanoseconds, 'ns')

/** A share between 0 and 1 as a percentage. */
export function formatRatio(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || Number.isNaN(ratio)) return '–'
  const percent = ratio * 100
  if (percent > 0 && percent < 0.1) return '<0.1%'
  if (percent > 99.99 && percent < 100) return '>99.99%'
  return `${percent >= 99.9 && percent < 100 ? percent.toFixed(2) : percent >= 10 ? percent.toFixed(0) : percent.toFixed(1)}%`
}

/** A count: 18.2k. */
export const formatCount = (count: number): string => formatValue(count, '1')

/** A rate per second. */
export const formatRate = (rate: number | null | undefined): string => formatValue(rate, '1/s')

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

/** Hours, minutes and seconds in local time, with milliseconds if asked. Milliseconds since the epoch in. */
export function formatClock(time: number, milliseconds = false): string {
  const fraction = milliseconds ? `.${String(Math.floor(((time % 1000) + 1000) % 1000)).padStart(3, '0')}` : ''
  return `${CLOCK.format(time)}${fraction}`
}

const sameDay = (a: number, b: number) => new Date(a).toDateString() === new Date(b).toDateString()

/** The clock today, with the day otherwise. */
export function formatMoment(time: number, now = Date.now()): string {
  if (sameDay(time, now)) return CLOCK.format(time)
  const date = new Date(time).getFullYear() === new Date(now).getFullYear() ? DATE : DATE_YEAR
  return `${date.format(time)}, ${MINUTES.format(time)}`
}

/** The whole date and time with its zone, for a title. */
export const formatAbsolute = (time: number): string => ZONED.format(time)

/** How long a stretch of milliseconds is, in the largest unit that fits: `6 min`. */
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

/** `6 min ago`, `in 2 h`, `just now`. */
export function formatRelative(time: number, now = Date.now()): string {
  const distance = now - time
  if (Math.abs(distance) < 5000) return 'just now'
  return distance > 0 ? `${formatSpan(distance)} ago` : `in ${formatSpan(-distance)}`
}

/** A stretch for the time range button: `22 Nov, 14:02 – 14:20`. */
export function formatRange({ from, to }: { from: number; to: number }, now = Date.now()): string {
  const short = to - from < 120e3
  const clock = short ? CLOCK : MINUTES
  const day = sameDay(from, now) ? '' : `${DATE.format(from)}, `
  const endDay = sameDay(from, to) ? '' : sameDay(to, now) ? 'today, ' : `${DATE.format(to)}, `
  return `${day}${clock.format(from)} – ${endDay}${clock.format(to)}`
}

/** A label set as text: `operation=GET /, status=500`. */
export function formatLabels(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
}
