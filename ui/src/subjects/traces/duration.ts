import { formatDuration } from '@/format'

const SECOND = 1e9
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const DECADES = Array.from({ length: 10 }, (_, exponent) => 10 ** exponent)
const ABOVE = [10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 10 * HOUR, DAY, 10 * DAY, 100 * DAY]
const COARSE = [...DECADES, ...ABOVE]
const FINE = [
  ...DECADES.flatMap((decade) => [decade, 2 * decade, 5 * decade]),
  ...[10, 20, 30].map((count) => count * SECOND),
  ...[MINUTE, HOUR].flatMap((unit) => [1, 2, 5, 10, 20, 30].map((count) => count * unit)).filter((tick) => tick < DAY),
  ...[1, 2, 5, 10, 20, 50, 100].map((count) => count * DAY),
]

/**
 * Returns at max `max` labels of a logarithmic axis from `low` to `high` nanoseconds: 10 ms, 100
 * ms, 1 s, 1 min.
 */
export function durationTicks(low: number, high: number, max: number): number[] {
  const inside = (list: readonly number[]) => list.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001)
  const coarse = inside(COARSE)
  const list = coarse.length > 1 ? coarse : inside(FINE)
  const every = Math.ceil(list.length / max)
  return list.filter((_, index) => index % every === 0)
}

/** Writes the label of a tick: whole minutes, hours and days as such. */
export function tickWords(nanoseconds: number): string {
  for (const [unit, name] of [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
  ] as const)
    if (nanoseconds % unit === 0) return `${nanoseconds / unit} ${name}`
  return formatDuration(nanoseconds)
}
