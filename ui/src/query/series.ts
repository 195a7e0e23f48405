import type { Gap, GapReason, SeriesPoints, SeriesResponse } from '@/backend'
import { formatLabels, notFinite, numberOf } from '@/format'

/** A line of a chart; times in milliseconds since the epoch. */
export interface ChartSeries {
  name: string
  labels: Record<string, string>
  times: number[]
  values: (number | null)[]
  /** Values that cannot be drawn, such as NaN, as text by their time. */
  texts?: ReadonlyMap<number, string>
  color?: string
  dashed?: boolean
}

/** Reasons of gaps, in words. */
const GAP_REASONS: Record<GapReason, string> = {
  not_running: 'Binnacle was not running',
  asleep: 'this machine was asleep',
  offline: 'this machine was offline',
  paused: 'collecting was paused',
  stalled: 'Binnacle was stopped or starved',
  clock_changed: 'the clock was set',
}

/** Returns the line of a series. */
export function chartLine({ labels, times, values }: SeriesPoints, name: string): ChartSeries {
  const numbers = values.map(numberOf)
  const texts = new Map<number, string>()
  numbers.forEach((value, index) => {
    const time = times[index]
    if (!Number.isFinite(value) && time !== undefined) texts.set(time / 1e6, notFinite(value))
  })
  return {
    name,
    labels: labels as Record<string, string>,
    times: times.map((time) => time / 1e6),
    values: numbers.map((value) => (Number.isFinite(value) ? value : null)),
    ...(texts.size > 0 && { texts }),
  }
}

/**
 * Returns the lines of an answer. A line without labels is named `fallback`, one with a single
 * label by its value.
 */
export function chartSeries(answer: SeriesResponse, fallback: string): ChartSeries[] {
  return answer.series.map((points) => {
    const { labels } = points
    const entries = Object.entries(labels)
    const name =
      entries.length === 0 ? fallback : entries.length === 1 ? entries[0]?.[1] || '(none)' : formatLabels(labels)
    return chartLine(points, name)
  })
}

/** Returns the ranges that a chart hatches, in milliseconds. */
export const chartGaps = (gaps: readonly Gap[]) =>
  gaps.map(({ range, reason }) => ({ from: range.start / 1e6, to: range.end / 1e6, reason: GAP_REASONS[reason] }))

/** Returns the unit of a chart. Ratios with the OpenTelemetry unit `1` become percentages. */
export function shownUnit(metric: string, unit: string): string {
  return (unit === '1' || unit === '') && /(utili[sz]ation|ratio)$/.test(metric) ? 'ratio' : unit
}
