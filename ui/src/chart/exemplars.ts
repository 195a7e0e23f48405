import type { ChartExemplar, ChartRange } from './types'

/** Position of a plot in its chart in pixels, with the values at its lower and upper edge. */
export interface PlotFrame {
  left: number
  top: number
  width: number
  height: number
  low: number
  high: number
}

/**
 * An exemplar with its position in the plot. `above` and `below` are beyond an edge and drawn at
 * it.
 */
export interface PlacedExemplar {
  exemplar: ChartExemplar
  x: number
  y: number
  at: 'value' | 'above' | 'below' | 'foot'
}

/** Distance in pixels below which two marks are drawn as the one with the larger value. */
const CELL = 7

/** Returns the visible exemplars without overlapping ones, from left to right. */
export function placeExemplars(
  exemplars: readonly ChartExemplar[],
  range: ChartRange,
  frame: PlotFrame,
): PlacedExemplar[] {
  const { width, height, low, high } = frame
  if (width <= 0 || height <= 0 || range.to <= range.from) return []
  const taken = new Set<string>()
  const placed: PlacedExemplar[] = []
  const largestFirst = exemplars.toSorted((one, other) => (other.value ?? 0) - (one.value ?? 0))
  for (const exemplar of largestFirst) {
    if (exemplar.time < range.from || exemplar.time > range.to) continue
    const x = ((exemplar.time - range.from) / (range.to - range.from)) * width
    const { y, at } = heightOf(exemplar.value, low, high, height)
    const cell = `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`
    if (taken.has(cell)) continue
    taken.add(cell)
    placed.push({ exemplar, x, y, at })
  }
  return placed.sort((one, other) => one.x - other.x || one.y - other.y)
}

function heightOf(value: number | null, low: number, high: number, height: number): Pick<PlacedExemplar, 'y' | 'at'> {
  if (value === null || !Number.isFinite(value) || high <= low) return { y: height, at: 'foot' }
  if (value > high) return { y: 0, at: 'above' }
  if (value < low) return { y: height, at: 'below' }
  return { y: (1 - (value - low) / (high - low)) * height, at: 'value' }
}
