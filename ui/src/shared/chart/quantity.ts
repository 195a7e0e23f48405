interface Scale {
  /** What a value is divided by. */
  divisor: number
  /** The smallest magnitude it is used for; its divisor unless told. */
  from?: number
  /** What follows the number, with its leading space where one belongs. */
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

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].map((suffix, index) => ({
  divisor: 1024 ** index,
  suffix: ` ${suffix}`,
}))

const PLAIN: Scale[] = [
  { divisor: 1, suffix: '' },
  { divisor: 1e3, suffix: 'k' },
  { divisor: 1e6, suffix: 'M' },
  { divisor: 1e9, suffix: 'G' },
  { divisor: 1e12, suffix: 'T' },
]

const SECONDS: Record<string, number> = {
  s: 1,
  seconds: 1,
  second: 1,
  ms: 1e-3,
  us: 1e-6,
  ns: 1e-9,
  min: 60,
  h: 3600,
  d: 86400,
}
const BYTE_FACTORS: Record<string, number> = {
  By: 1,
  bytes: 1,
  byte: 1,
  KiBy: 1024,
  MiBy: 1024 ** 2,
  GiBy: 1024 ** 3,
  kBy: 1e3,
  MBy: 1e6,
}

/** The family of scales a unit belongs to, the factor into its base, and what follows every scale. */
function family(unit: string): { scales: Scale[]; factor: number; tail: string } {
  const perSecond = unit.endsWith('/s')
  const base = perSecond ? unit.slice(0, -2) : unit
  const tail = perSecond ? '/s' : ''
  if (!perSecond && SECONDS[base] !== undefined) return { scales: TIME, factor: SECONDS[base], tail }
  if (BYTE_FACTORS[base] !== undefined) return { scales: BYTES, factor: BYTE_FACTORS[base], tail }
  if (base === '%' || base === 'percent') return { scales: [{ divisor: 1, suffix: '%' }], factor: 1, tail }
  if (base === 'ratio') return { scales: [{ divisor: 0.01, suffix: '%' }], factor: 1, tail }
  const named = base === '1' ? '' : base.replace(/[{}]/g, '')
  return { scales: PLAIN, factor: 1, tail: `${named ? ` ${named}` : ''}${tail}` }
}

function pick(scales: Scale[], magnitude: number): Scale {
  let chosen = scales[0] ?? { divisor: 1, suffix: '' }
  for (const scale of scales) if (magnitude >= (scale.from ?? scale.divisor) * 0.9995) chosen = scale
  return chosen
}

function digits(value: number, spacing: number): string {
  const places = Math.min(6, Math.max(0, Math.ceil(-Math.log10(spacing) - 1e-9)))
  const fixed = value.toFixed(places)
  const coarse = Math.abs(Number(fixed) - value) > spacing / 100 && places < 6
  return coarse ? value.toFixed(places + 1) : fixed
}

/**
 * The label of an axis tick with its unit, scaled to read well: 400 ms, 1.2 s, 512 MiB. Units are UCUM as
 * OpenTelemetry writes them, and `ratio` for a share that is shown in percent. `spacing` is the distance to
 * the next tick, which decides on the digits.
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
 * A number as a person types it (`800 ms`, `1.5GiB`, `5 %`, `3k`), in the unit of a metric; null if it is
 * not a number in that unit.
 */
export function parseQuantity(text: string, unit: string): number | null {
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
