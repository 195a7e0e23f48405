import type { ChartSeries } from '@/query/series'

export type { ChartSeries }

/** A range (ms) without observation. */
export interface ChartGap {
  from: number
  to: number
  reason: string
}

/** An event, drawn as a mark above the plot. */
export interface ChartMark {
  time: number
  label: string
  state: string
}

/** A horizontal threshold line. */
export interface ChartThreshold {
  value: number
  /** The bad side of the line, shaded. */
  side?: 'above' | 'below'
  draggable?: boolean
  onchange?: (value: number) => void
  /** Called once when a drag ends. */
  onrelease?: (value: number) => void
}

/** A single measurement of a series with the trace that made it. */
export interface ChartExemplar {
  time: number
  /** The value on the axis; null draws the mark at the bottom. */
  value: number | null
  /** The value with its unit. */
  text: string
  /** The series it belongs to, by name. */
  series: string
  details: [string, string][]
  trace: string | null
  /** Address that a click opens. */
  href: string | null
}

/** The band of expected values. */
export interface ChartBand {
  times: number[]
  lower: (number | null)[]
  upper: (number | null)[]
}

/** A named range (ms), in a colour of the tokens. */
export interface ChartSelection {
  from: number
  to: number
  label: string
  color: string
}

/** An infinite value, drawn as an arrow at an edge of the plot. */
export interface InfiniteValue {
  time: number
  isUp: boolean
  colour: string
}

/** A range in milliseconds since the epoch. */
export interface ChartRange {
  from: number
  to: number
}

/** A bucket of a status timeline. */
export interface StatusBucket {
  from: number
  to: number
  state: string
  message: string
}

/** A layer of a stacked histogram. */
export interface HistogramStack {
  name: string
  color: string
  counts: number[]
}

/** Properties of a time chart. Times and `step` are in milliseconds. */
export interface TimeChartProps {
  series: ChartSeries[]
  unit: string
  range: ChartRange
  /** Milliseconds between points. A line breaks after two steps without a value. */
  step: number
  gaps?: ChartGap[]
  marks?: ChartMark[]
  threshold?: ChartThreshold | undefined
  band?: ChartBand | undefined
  selections?: ChartSelection[]
  exemplars?: ChartExemplar[]
  height?: number
  stacked?: boolean
  bars?: boolean
  onzoom?: ((from: number, to: number) => void) | undefined
  onpoint?: ((time: number) => void) | undefined
  /** Key of the crosshair that charts share. */
  syncKey?: string | undefined
  title?: string | undefined
  legend?: boolean
  /** Called with the position of the plot in the chart in pixels. */
  onframe?: ((left: number, width: number) => void) | undefined
}
