/** Returns the smallest and the largest number, ignoring missing and infinite ones. */
export function extent(lists: Iterable<Iterable<number | null | undefined>>): [number, number] | null {
  let low = Infinity
  let high = -Infinity
  for (const list of lists) {
    for (const value of list) {
      if (typeof value !== 'number' || !Number.isFinite(value)) continue
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  return low <= high ? [low, high] : null
}

/**
 * Returns the range of a y axis. It starts at zero unless all values are in a narrow range far from
 * zero (narrower than a tenth of the largest), where changes would not be visible.
 */
export function valueDomain(data: [number, number] | null, fromZero = false): [number, number] {
  if (!data) return [0, 1]
  const [low, high] = data
  if (low === high) {
    if (low === 0) return [0, 1]
    return low > 0 ? [0, high * 1.25] : [low * 1.25, 0]
  }
  const span = high - low
  if (low >= 0) return fromZero || span > high * 0.1 ? [0, high + high * 0.08] : [low - span * 0.15, high + span * 0.15]
  if (high <= 0) return [low * 1.08, 0]
  return [low - span * 0.08, high + span * 0.08]
}

/**
 * Limits how far a band extends the axis: by half the spread of the values, and not below zero if
 * no value is. A very wide band would otherwise flatten the values.
 */
export function bandReach(
  data: [number, number] | null,
  lower: Iterable<number | null>,
  upper: Iterable<number | null>,
): number[] {
  const band = extent([lower, upper])
  if (!data || !band) return band ?? []
  const margin = (data[1] - data[0] || Math.abs(data[1]) || 1) / 2
  const floor = data[0] >= 0 ? Math.max(0, data[0] - margin) : data[0] - margin
  return [Math.max(band[0], floor), Math.min(band[1], data[1] + margin)]
}

/** Returns at max `max` ticks from `low` to `high` at round steps of a unit. */
export function readableTicks(
  low: number,
  high: number,
  unit: string,
  max: number,
): { ticks: number[]; spacing: number } {
  const spacing = tickIncrements(unit).find((step) => (high - low) / step <= max - 1) ?? high - low
  const ticks: number[] = []
  for (let at = Math.ceil(low / spacing); at * spacing <= high * (1 + 1e-9); at++) ticks.push(at * spacing)
  return { ticks, spacing }
}

/** Returns round steps between ticks of a unit, ascending. */
export function tickIncrements(unit: string): number[] {
  const base = unit.replace(/\/s$/, '')
  if (/^(By|bytes?|KiBy|MiBy)$/.test(base)) return powers(2, 0, 60)
  const second = { s: 1, seconds: 1, ms: 1e3, us: 1e6, ns: 1e9 }[unit]
  if (second !== undefined) {
    const below = decimals(-12, -1).map((value) => value * second)
    const above = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400]
    const far = powers(2, 1, 20).map((value) => value * 86400)
    return [...below, ...[...above, ...far].map((value) => value * second)]
  }
  return decimals(-12, 18)
}

function powers(base: number, from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => base ** (from + index))
}

function decimals(from: number, to: number): number[] {
  const list: number[] = []
  for (let exponent = from; exponent <= to; exponent++) {
    for (const digit of [1, 2, 2.5, 5]) list.push(Number(`${digit}e${exponent}`))
  }
  return list
}
