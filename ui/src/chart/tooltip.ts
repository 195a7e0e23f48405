import { formatValue } from '@/format'
import { nearestValue, type Aligned } from './align'
import type { ChartGap, ChartMark, ChartRange, ChartSeries } from './types'

/** A readout lists at most this many series. */
const ROWS = 12

/** What a chart says about one moment. */
export interface Reading {
  rows: { name: string; colour: string; value: string }[]
  /** How many series are left out. */
  more: number
  notes: string[]
}

interface Question {
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

/** The values at a moment, largest first, with the marks near it and why nothing was observed. */
export function readAt(asked: Question): Reading {
  const { series, colours, shown, aligned, index, time, step, unit, gaps, marks, range } = asked
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
    ...gaps.filter((gap) => gap.from <= time && time < gap.to).map((gap) => `Not observed: ${gap.reason}`),
    ...marks
      .filter((mark) => Math.abs(mark.time - time) <= reach)
      .slice(0, 3)
      .map((mark) => mark.label),
  ]
  return { rows: rows.slice(0, ROWS), more: Math.max(0, rows.length - ROWS), notes: [...new Set(notes)] }
}

/** Which series are shown after a click on one: only it, all again, or (adding) one more or fewer. Null is all. */
export function pickSeries(names: string[], chosen: string[] | null, name: string, add: boolean): string[] | null {
  if (!add) return chosen?.length === 1 && chosen[0] === name ? null : [name]
  const before = chosen ?? names
  const after = before.includes(name) ? before.filter((one) => one !== name) : [...before, name]
  return after.length === 0 || after.length === names.length ? null : after
}
