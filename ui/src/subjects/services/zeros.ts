import type { ChartGap } from '@/chart/types'

/** Maximum number of steps, above that of any chart: a faulty step must not fill the memory. */
const MOST = 5000

/**
 * Fills steps without counts with zeros, between the first and the last count. Steps in gaps stay
 * without a value. All times are in milliseconds, ascending.
 */
export function withZeros(
  times: readonly number[],
  values: readonly number[],
  step: number,
  gaps: readonly ChartGap[],
): { times: number[]; values: number[] } {
  const [first, last] = [times[0], times.at(-1)]
  if (first === undefined || last === undefined || !(step > 0) || (last - first) / step > MOST)
    return { times: [...times], values: [...values] }
  const filled: { times: number[]; values: number[] } = { times: [], values: [] }
  let next = 0
  for (let index = 0; index <= Math.round((last - first) / step); index++) {
    const time = first + index * step
    const known = times[next]
    if (known !== undefined && known < time + step / 2) {
      filled.times.push(known)
      filled.values.push(values[next] ?? 0)
      next += 1
    } else if (!gaps.some((gap) => gap.from < time + step && time < gap.to)) {
      filled.times.push(time)
      filled.values.push(0)
    }
  }
  return filled
}
