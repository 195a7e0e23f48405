import type { ChartSeries } from '@/query/series'

export type { ChartSeries }

/** A stretch (ms) in which nothing could be observed. */
export interface ChartGap {
  from: number
  to: number
  reason: string
}

/** Something that happened at one moment, drawn as a mark above the plot. */
export interface ChartMark {
  time: number
  label: string
  state: string
}

/** A horizontal line that values are held against. */
export interface ChartThreshold {
  value: number
  /** Which side of the line is bad; shaded. */
  side?: 'above' | 'below'
  draggable?: boolean
  onchange?: (value: number) => void
  /** Called once when a drag ends. */
  onrelease?: (value: number) => void
}

/** One measurement kept beside a series, with the trace in which it was made. */
export interface ChartExemplar {
  time: number
  /** The value on the axis; null if it is none of the axis, then the mark stands at its foot. */
  value: number | null
  /** The value with its unit. */
  text: string
  /** The series it belongs to, by name. */
  series: string
  details: [string, string][]
  trace: string | null
  /** Where a click leads. */
  href: string | null
}

/** The values that were expected, as a band. */
export interface ChartBand {
  times: number[]
  lower: (number | null)[]
  upper: (number | null)[]
}

/** A stretch (ms) that is marked out with a name, in a colour of the tokens. */
export interface ChartStretch {
  from: number
  to: number
  label: string
  color: string
}

/** A range in milliseconds since the epoch. */
export interface ChartRange {
  from: number
  to: number
}

/** One stretch of a status timeline. */
export interface StatusCell {
  from: number
  to: number
  state: string
  message: string
}

/** One colour of a stacked histogram. */
export interface HistogramStack {
  name: string
  color: string
  counts: number[]
}

/** What a time chart is given. Times and `step` in milliseconds. */
export interface TimeChartProps {
  series: ChartSeries[]
  unit: string
  range: ChartRange
  /** Milliseconds between points; a line is not joined across more than two of them without a value. */
  step: number
  gaps?: ChartGap[]
  marks?: ChartMark[]
  threshold?: ChartThreshold | undefined
  band?: ChartBand | undefined
  stretches?: ChartStretch[]
  exemplars?: ChartExemplar[]
  height?: number
  stacked?: boolean
  bars?: boolean
  onzoom?: ((from: number, to: number) => void) | undefined
  onpoint?: ((time: number) => void) | undefined
  /** Charts with the same key share their crosshair. */
  syncKey?: string | undefined
  title?: string | undefined
  legend?: boolean
  /** Told where the plot lies in the chart (pixels), to line other things up with it. */
  onframe?: ((left: number, width: number) => void) | undefined
}
