import type { ChartSeries } from './types'

/** Values as uPlot draws them: `null` breaks a line, `undefined` is no point and does not. */
type AlignedValues = (number | null | undefined)[]

/** A common time axis with one value per time and series. */
export interface Aligned {
  times: number[]
  values: AlignedValues[]
}

/** Missing time in steps above which a line breaks. */
const JOIN_STEPS = 2.5

/** Returns the points of a series with a `null` in each range of missing time. */
function withBreaks(series: ChartSeries, step: number): Map<number, number | null> {
  const points = new Map<number, number | null>()
  let previous: number | undefined
  for (let index = 0; index < series.times.length; index++) {
    const time = series.times[index]
    if (time === undefined) continue
    if (previous !== undefined && step > 0 && time - previous > step * JOIN_STEPS) points.set(previous + step, null)
    const value = series.values[index]
    points.set(time, value === undefined || value === null || Number.isNaN(value) ? null : value)
    previous = time
  }
  return points
}

/** Aligns series with different times on one axis. Lines are never joined across missing time. */
export function align(series: ChartSeries[], step: number): Aligned {
  const broken = series.map((one) => withBreaks(one, step))
  const all = new Set<number>()
  for (const points of broken) for (const time of points.keys()) all.add(time)
  const times = Float64Array.from(all).sort()
  const axis = Array.from(times)
  return { times: axis, values: broken.map((points) => onAxis(points, axis)) }
}

/**
 * Returns the values at the times of the axis. A break lasts until the next value of the series.
 */
function onAxis(points: Map<number, number | null>, axis: readonly number[]): AlignedValues {
  let missing = false
  return axis.map((time) => {
    const value = points.get(time)
    if (value !== undefined) missing = value === null
    return value === undefined && missing ? null : value
  })
}

/** Returns sums from the last series up, so that the first is the top edge of the stack. */
export function stack(aligned: Aligned): Aligned {
  const values: AlignedValues[] = new Array<AlignedValues>(aligned.values.length)
  let below: AlignedValues | undefined
  for (let index = aligned.values.length - 1; index >= 0; index--) {
    const row = aligned.values[index] ?? []
    const sums: AlignedValues = row.map((value, at) => {
      const under = below?.[at]
      if (typeof value !== 'number' && typeof under !== 'number') return value === null ? null : under
      return (value ?? 0) + (under ?? 0)
    })
    values[index] = sums
    below = sums
  }
  return { times: aligned.times, values }
}

/** Returns the value of a series nearest to an index, at most `reach` milliseconds away. */
export function nearestValue(aligned: Aligned, series: number, index: number, reach: number): number | null {
  const values = aligned.values[series]
  const time = aligned.times[index]
  if (!values || time === undefined) return null
  const exact = values[index]
  if (exact !== undefined) return exact
  for (let distance = 1; distance < values.length; distance++) {
    const [left, right] = [index - distance, index + distance]
    const leftNear = time - (aligned.times[left] ?? -Infinity) <= reach
    const rightNear = (aligned.times[right] ?? Infinity) - time <= reach
    if (!leftNear && !rightNear) return null
    const before = leftNear ? values[left] : undefined
    if (before !== undefined) return before
    const after = rightNear ? values[right] : undefined
    if (after !== undefined) return after
  }
  return null
}
