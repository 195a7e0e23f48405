export type { ChartSeries } from '../series'

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

/** The values that were expected, as a band. */
export interface ChartBand {
  times: number[]
  lower: (number | null)[]
  upper: (number | null)[]
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
