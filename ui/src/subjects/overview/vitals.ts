import type { Aggregation, SeriesResponse, SeriesRequest, TagMatcher } from '@/backend'
import { numberOf } from '@/format'

/** Length of the vital signs while the range is relative, in milliseconds. */
export const VITALS_LENGTH = 10 * 60e3
const POINTS = 120

/** Returns the request of a vital sign. */
export function vitalRequest(
  metric: string,
  aggregation: Aggregation,
  matchers: TagMatcher[],
  range: { start: number; end: number },
  groupBy: string[] = [],
): SeriesRequest {
  return { metric, matchers, aggregation, group_by: groupBy, range, step: null, max_points: POINTS, limit: 8 }
}

/** Returns the sum of the groups of an answer as equally spaced values, from the first value on. */
export function combined(answer: SeriesResponse | undefined): (number | null)[] {
  if (!answer || answer.step <= 0) return []
  const sums = new Map<number, number>()
  for (const { times, values } of answer.series)
    times.forEach((time, index) => sums.set(time, (sums.get(time) ?? 0) + numberOf(values[index] ?? 0)))
  const times = [...sums.keys()].sort((a, b) => a - b)
  const first = times[0]
  const last = times.at(-1)
  if (first === undefined || last === undefined) return []
  const spacing = Math.max(answer.step, usualSpacing(times))
  const line: (number | null)[] = Array.from({ length: Math.round((last - first) / spacing) + 1 }, () => null)
  for (const [time, sum] of sums) line[Math.round((time - first) / spacing)] = sum
  return line
}

/** Returns the median distance between times. Values every ten seconds do not fill every step. */
function usualSpacing(times: readonly number[]): number {
  const distances = times.slice(1).map((time, index) => time - (times[index] ?? time))
  return distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0
}

/** Returns the newest value of a line. */
export const latest = (line: readonly (number | null)[]): number | null =>
  line.findLast((value) => value !== null) ?? null

/** Returns the newest value of the group with this label value. */
export function latestOf(answer: SeriesResponse | undefined, key: string, value: string): number | null {
  const group = answer?.series.find(({ labels }) => labels[key] === value)
  const last = group?.values.at(-1)
  return last === undefined ? null : numberOf(last)
}
