import { formatValue } from '@/format'
import { nearestValue, type Aligned } from './align'
import type { ChartGap, ChartMark, ChartRange, ChartSeries } from './types'

/** Maximum number of series in a tooltip. */
const ROWS = 12

/** The content of a tooltip. */
export interface TooltipContent {
  rows: { name: string; colour: string; value: string }[]
  /** Number of series that are not listed. */
  more: number
  notes: string[]
}

interface TooltipRequest {
  series: ChartSeries[]
  colours: string[]
  shown: boolean[]
  aligned: Aligned
  index: number
  time: number
  step: number
  unit: string
  gaps: ChartGap[]
  marks: ChartMark[]
  range: ChartRange
}

/** Returns the values at a time, largest first, with the marks near it and the reasons of gaps. */
export function readAt(request: TooltipRequest): TooltipContent {
  const { series, colours, shown, aligned, index, time, step, unit, gaps, marks, range } = request
  const rows = series
    .map((one, at) => ({
      name: one.name,
      colour: colours[at] ?? '',
      number: shown[at] ? nearestValue(aligned, at, index, step) : null,
    }))
    .filter((row) => row.number !== null)
    .sort((one, other) => (other.number ?? 0) - (one.number ?? 0))
    .map(({ name, colour, number }) => ({ name, colour, value: formatValue(number, unit) }))
  const reach = (range.to - range.from) / 100
  const notes = [
    ...gaps.filter((gap) => gap.from <= time && time < gap.to).map((gap) => `No data: ${gap.reason}`),
    ...marks
      .filter((mark) => Math.abs(mark.time - time) <= reach)
      .slice(0, 3)
      .map((mark) => mark.label),
  ]
  return { rows: rows.slice(0, ROWS), more: Math.max(0, rows.length - ROWS), notes: [...new Set(notes)] }
}

/**
 * Returns the series shown after a click on one: only it, all again, or with `add` one more or
 * fewer. Null is all.
 */
export function pickSeries(names: string[], chosen: string[] | null, name: string, add: boolean): string[] | null {
  if (!add) return chosen?.length === 1 && chosen[0] === name ? null : [name]
  const before = chosen ?? names
  const after = before.includes(name) ? before.filter((one) => one !== name) : [...before, name]
  return after.length === 0 || after.length === names.length ? null : after
}
