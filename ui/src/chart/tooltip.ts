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

/** Returns the text of the value nearest to a time, if it cannot be drawn. */
function nearestText(series: ChartSeries, time: number, reach: number): string | undefined {
  const exact = series.texts?.get(time)
  if (exact !== undefined || !series.texts) return exact
  const distance = (other: number) => Math.abs(other - time)
  const near = [...series.texts.keys()].filter((other) => distance(other) <= reach)
  const nearest = near.sort((one, other) => distance(one) - distance(other))[0]
  return nearest === undefined ? undefined : series.texts.get(nearest)
}

/** Returns the order of a row: infinities by their sign, NaN last. */
function rank({ number, text }: { number: number | null; text?: string | undefined }): number {
  return number ?? (text === '+Inf' ? Number.MAX_VALUE : -Number.MAX_VALUE)
}

/** Returns the values at a time, largest first, with the marks near it and the reasons of gaps. */
export function readAt(request: TooltipRequest): TooltipContent {
  const { series, colours, shown, aligned, index, time, step, unit, gaps, marks, range } = request
  const at = aligned.times[index] ?? time
  const rows = series
    .map((one, position) => {
      const number = shown[position] ? nearestValue(aligned, position, index, step) : null
      const text = shown[position] && number === null ? nearestText(one, at, step) : undefined
      return { name: one.name, colour: colours[position] ?? '', number, text }
    })
    .filter((row) => row.number !== null || row.text !== undefined)
    .sort((one, other) => rank(other) - rank(one))
    .map(({ name, colour, number, text }) => ({ name, colour, value: text ?? formatValue(number, unit) }))
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
