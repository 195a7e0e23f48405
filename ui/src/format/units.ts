import { notFinite, numberOf, type JsonNumber } from './numbers'

/** A scaled number and its unit, apart so that the unit can be set smaller. */
interface ScaledValue {
  number: string
  unit: string
}

interface Scale {
  /** Divisor of a value. */
  divisor: number
  /** Smallest magnitude of the scale; slightly below the divisor by default. */
  from?: number
  /** Text behind the number, with its leading space if it has one. */
  suffix: string
}

const TIME: Scale[] = [
  { divisor: 1e-9, suffix: ' ns' },
  { divisor: 1e-6, suffix: ' µs' },
  { divisor: 1e-3, suffix: ' ms' },
  { divisor: 1, suffix: ' s' },
  { divisor: 60, from: 120, suffix: ' min' },
  { divisor: 3600, from: 7200, suffix: ' h' },
  { divisor: 86400, from: 172800, suffix: ' d' },
]
const steps = (base: number, suffixes: readonly string[]): Scale[] =>
  suffixes.map((suffix, index) => ({ divisor: base ** index, suffix }))
const BYTES = steps(1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB'])
const BITS = steps(1000, [' bit', ' kbit', ' Mbit', ' Gbit'])
const HERTZ = steps(1000, [' Hz', ' kHz', ' MHz', ' GHz'])
const COUNTS = steps(1000, ['', 'k', 'M', 'G', 'T'])
const PERCENT: Scale[] = [{ divisor: 1, suffix: '%' }]
const SHARE: Scale[] = [{ divisor: 0.01, suffix: '%' }]

const SECONDS: Record<string, number> = {
  s: 1,
  seconds: 1,
  second: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
  min: 60,
  h: 3600,
  d: 86400,
}
const BYTE_FACTORS: Record<string, number> = {
  By: 1,
  B: 1,
  bytes: 1,
  byte: 1,
  KiBy: 1024,
  MiBy: 1024 ** 2,
  GiBy: 1024 ** 3,
  kBy: 1e3,
  MBy: 1e6,
}

/** Returns the scales of a unit, the factor into their base, and the text behind every scale. */
function family(unit: string): { scales: Scale[]; factor: number; tail: string } {
  const [base = '', ...per] = unit.replaceAll(/\{[^}]*\}/g, '').split('/')
  const rate = per.length ? `/${per.join('/')}` : ''
  const seconds = SECONDS[base]
  if (seconds !== undefined && !rate) return { scales: TIME, factor: seconds, tail: '' }
  const bytes = BYTE_FACTORS[base]
  if (bytes !== undefined) return { scales: BYTES, factor: bytes, tail: rate }
  if (base === 'bit') return { scales: BITS, factor: 1, tail: rate }
  if (base === 'Hz') return { scales: HERTZ, factor: 1, tail: rate }
  if (base === '%' || base === 'percent') return { scales: PERCENT, factor: 1, tail: rate }
  if (base === 'ratio') return { scales: SHARE, factor: 1, tail: rate }
  const annotation = /^1?\{([^}]*)\}/.exec(unit)?.[1] ?? ''
  const name = base === '1' || base === '' ? annotation : base === 'Cel' ? '°C' : base
  return { scales: COUNTS, factor: 1, tail: name ? ` ${name}${rate}` : rate }
}

function pick(scales: readonly Scale[], magnitude: number): Scale {
  let chosen = scales[0] ?? { divisor: 1, suffix: '' }
  if (magnitude === 0 && scales === TIME) return TIME[2] ?? chosen
  for (const scale of scales) if (magnitude >= (scale.from ?? scale.divisor * 0.9995)) chosen = scale
  return chosen
}

/** Writes three significant digits, without an exponent for common magnitudes. */
function significant(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size < 0.001) return value.toExponential(1)
  if (size < 1) return trim(value.toFixed(3))
  if (size < 10) return trim(value.toFixed(2))
  if (size < 100) return trim(value.toFixed(1))
  return Math.round(value).toLocaleString('en-GB')
}

const trim = (text: string) => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

/**
 * Scales a value of a UCUM unit: `ns` to ms, `By` to MiB, `ratio` to percent; `/s` stays. The
 * number NaN stands for a missing value, the text `NaN` of an answer for itself.
 */
export function scaleValue(given: JsonNumber | null | undefined, unit: string): ScaledValue {
  if (given === null || given === undefined || Number.isNaN(given)) return { number: '–', unit: '' }
  const value = numberOf(given)
  if (!Number.isFinite(value)) return { number: notFinite(value), unit: '' }
  const { scales, factor, tail } = family(unit)
  const scale = pick(scales, Math.abs(value * factor))
  const number = significant((value * factor) / scale.divisor)
  if (scales === COUNTS) return { number: `${number}${scale.suffix}`, unit: tail.trim() }
  return { number, unit: `${scale.suffix.trim()}${tail}` }
}

/** Writes a scaled value as one text. */
export function formatValue(value: JsonNumber | null | undefined, unit: string): string {
  const { number, unit: shown } = scaleValue(value, unit)
  if (!shown) return number
  return shown === '%' || shown.startsWith('/') ? `${number}${shown}` : `${number} ${shown}`
}

/** Writes nanoseconds as a duration. */
export const formatDuration = (nanoseconds: number | null | undefined): string => formatValue(nanoseconds, 'ns')

/** Writes a ratio from 0 to 1 as a percentage. */
export function formatRatio(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || Number.isNaN(ratio)) return '–'
  const percent = ratio * 100
  if (percent > 0 && percent < 0.1) return '<0.1%'
  if (percent > 99.99 && percent < 100) return '>99.99%'
  return `${percent >= 99.9 && percent < 100 ? percent.toFixed(2) : percent >= 10 ? percent.toFixed(0) : percent.toFixed(1)}%`
}

/** Writes a count: 18.2k. */
export const formatCount = (count: number): string => formatValue(count, '1')

/** Writes a rate per second. */
export const formatRate = (rate: number | null | undefined): string => formatValue(rate, '1/s')

/** Writes a number with the digits that distinguish ticks `spacing` apart. */
function digits(value: number, spacing: number): string {
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(spacing) - 1e-9)))
  const fixed = value.toFixed(digits)
  const coarse = Math.abs(Number(fixed) - value) > spacing / 100 && digits < 6
  return coarse ? value.toFixed(digits + 1) : fixed
}

/**
 * Writes the label of an axis tick, scaled, with its unit: 400 ms, 1.2 s, 512 MiB. Units are UCUM
 * as OpenTelemetry writes them, and `ratio` for percentages. `spacing` is the distance to the next
 * tick, which determines the digits.
 */
export function tick(value: number, unit: string, spacing: number): string {
  if (value === 0) return '0'
  const { scales, factor, tail } = family(unit)
  const base = value * factor
  const scale = pick(scales, Math.abs(base))
  const text = digits(base / scale.divisor, (spacing * factor) / scale.divisor)
  return `${text.replace('-', '−')}${scale.suffix}${tail}`
}

/**
 * Parses a typed number (`800 ms`, `1.5GiB`, `5 %`, `3k`) to the given unit; null if it is not a
 * number in that unit.
 */
export function parseValue(text: string, unit: string): number | null {
  const match = /^\s*([-−+]?\d*\.?\d+(?:e[-+]?\d+)?)\s*(.*?)\s*$/i.exec(text.replace(',', '.'))
  if (!match?.[1]) return null
  const number = Number(match[1].replace('−', '-'))
  if (!Number.isFinite(number)) return null
  const { scales, factor, tail } = family(unit)
  let suffix = (match[2] ?? '').trim()
  if (!suffix) return number
  const end = tail.trim()
  if (end && suffix.endsWith(end)) suffix = suffix.slice(0, -end.length).trim()
  if (!suffix) return number
  const normal = suffix === 'us' ? 'µs' : suffix === 'm' && scales === TIME ? 'min' : suffix
  const scale =
    scales.find((one) => one.suffix.trim() === normal) ??
    scales.find((one) => one.suffix.trim().toLowerCase() === normal.toLowerCase()) ??
    scales.find(
      (one) =>
        scales === BYTES && one.suffix.trim().toLowerCase() === normal.toLowerCase().replace(/^([kmgtp])b?$/, '$1ib'),
    )
  return scale ? Number(((number * scale.divisor) / factor).toPrecision(12)) : null
}
