import type uPlot from 'uplot'
import type { CanvasTheme } from './theme.svelte'
import type { ChartBand, ChartGap, ChartMark, ChartSelection, InfiniteValue } from './types'

/** The layers under and over the lines of a plot. */
export interface Layers {
  gaps: ChartGap[]
  marks: ChartMark[]
  band: ChartBand | undefined
  selections: ChartSelection[]
  infinite: InfiniteValue[]
}

/** Clips drawing to the plot, so that axes are not covered. */
function inPlot(plot: uPlot, draw: (context: CanvasRenderingContext2D) => void): void {
  const { left, top, width, height } = plot.bbox
  plot.ctx.save()
  plot.ctx.beginPath()
  plot.ctx.rect(left, top, width, height)
  plot.ctx.clip()
  draw(plot.ctx)
  plot.ctx.restore()
}

function hatch(plot: uPlot, theme: CanvasTheme, gaps: ChartGap[]): void {
  const { top, height } = plot.bbox
  const ratio = devicePixelRatio || 1
  inPlot(plot, (context) => {
    context.lineWidth = ratio
    for (const gap of gaps) {
      const from = plot.valToPos(gap.from, 'x', true)
      const to = plot.valToPos(gap.to, 'x', true)
      if (to < plot.bbox.left || from > plot.bbox.left + plot.bbox.width) continue
      const width = Math.max(to - from, 2 * ratio)
      context.save()
      context.beginPath()
      context.rect(from, top, width, height)
      context.clip()
      context.globalAlpha = 0.07
      context.fillStyle = theme.unknown
      context.fillRect(from, top, width, height)
      context.globalAlpha = 0.3
      context.strokeStyle = theme.unknown
      context.beginPath()
      for (let x = from - height - ((from - height) % (6 * ratio)); x < from + width; x += 6 * ratio) {
        context.moveTo(x, top + height)
        context.lineTo(x + height, top)
      }
      context.stroke()
      context.restore()
    }
  })
}

function expected(plot: uPlot, theme: CanvasTheme, band: ChartBand): void {
  inPlot(plot, (context) => {
    context.fillStyle = theme.accent
    context.globalAlpha = 0.13
    let run: number[] = []
    const flush = () => {
      if (run.length > 1) {
        context.beginPath()
        for (const index of run)
          context.lineTo(
            plot.valToPos(band.times[index] ?? 0, 'x', true),
            plot.valToPos(band.upper[index] ?? 0, 'y', true),
          )
        for (const index of [...run].reverse())
          context.lineTo(
            plot.valToPos(band.times[index] ?? 0, 'x', true),
            plot.valToPos(band.lower[index] ?? 0, 'y', true),
          )
        context.closePath()
        context.fill()
      }
      run = []
    }
    for (let index = 0; index < band.times.length; index++) {
      if (band.lower[index] == null || band.upper[index] == null) flush()
      else run.push(index)
    }
    flush()
  })
}

/** Returns the colour token of a mark's state. */
function stateColour(state: string): string {
  switch (state) {
    case 'unhealthy':
    case 'firing':
    case 'critical':
    case 'error':
      return 'var(--unhealthy)'
    case 'degraded':
    case 'pending':
    case 'warning':
      return 'var(--degraded)'
    case 'healthy':
    case 'resolved':
      return 'var(--healthy)'
    case 'unknown':
      return 'var(--unknown)'
    default:
      return 'var(--accent)'
  }
}

function flags(plot: uPlot, theme: CanvasTheme, marks: ChartMark[]): void {
  const { left, top, width, height } = plot.bbox
  const ratio = devicePixelRatio || 1
  const context = plot.ctx
  context.save()
  for (const mark of marks) {
    const x = plot.valToPos(mark.time, 'x', true)
    if (x < left || x > left + width) continue
    const colour = theme.colour(stateColour(mark.state))
    context.strokeStyle = colour
    context.fillStyle = colour
    context.lineWidth = ratio
    context.setLineDash([3 * ratio, 3 * ratio])
    context.beginPath()
    context.moveTo(x, top)
    context.lineTo(x, top + height)
    context.stroke()
    context.beginPath()
    context.moveTo(x - 4 * ratio, top - 7 * ratio)
    context.lineTo(x + 4 * ratio, top - 7 * ratio)
    context.lineTo(x, top - ratio)
    context.closePath()
    context.fill()
  }
  context.restore()
}

function drawSelections(plot: uPlot, theme: CanvasTheme, selections: ChartSelection[]): void {
  const { top, height } = plot.bbox
  const ratio = devicePixelRatio || 1
  inPlot(plot, (context) => {
    context.textAlign = 'left'
    context.textBaseline = 'alphabetic'
    context.font = theme.font.replace(/([\d.]+)px/, (_, size: string) => `${Number(size) * ratio}px`)
    for (const selection of selections) {
      const from = plot.valToPos(selection.from, 'x', true)
      const width = Math.max(2 * ratio, plot.valToPos(selection.to, 'x', true) - from)
      context.fillStyle = theme.colour(selection.color)
      context.globalAlpha = 0.1
      context.fillRect(from, top, width, height)
      context.globalAlpha = 1
      context.fillRect(from, top, width, 2 * ratio)
      context.fillText(selection.label, from + 6 * ratio, top + 15 * ratio)
    }
  })
}

/** Draws an arrow at the edge of the plot that an infinite value is beyond. */
function drawInfinite(plot: uPlot, theme: CanvasTheme, values: InfiniteValue[]): void {
  const { top, height } = plot.bbox
  const ratio = devicePixelRatio || 1
  inPlot(plot, (context) => {
    for (const { time, isUp, colour } of values) {
      const x = plot.valToPos(time, 'x', true)
      const tip = isUp ? top + ratio : top + height - ratio
      const base = tip + (isUp ? 7 : -7) * ratio
      context.fillStyle = theme.colour(colour)
      context.beginPath()
      context.moveTo(x - 4 * ratio, base)
      context.lineTo(x + 4 * ratio, base)
      context.lineTo(x, tip)
      context.closePath()
      context.fill()
    }
  })
}

/** Draws the layers under the lines. */
export function drawUnder(plot: uPlot, theme: CanvasTheme, layers: Layers): void {
  if (layers.selections.length) drawSelections(plot, theme, layers.selections)
  if (layers.gaps.length) hatch(plot, theme, layers.gaps)
  if (layers.band) expected(plot, theme, layers.band)
}

/** Draws the layers over the lines. */
export function drawOver(plot: uPlot, theme: CanvasTheme, layers: Layers): void {
  if (layers.infinite.length) drawInfinite(plot, theme, layers.infinite)
  if (layers.marks.length) flags(plot, theme, layers.marks)
}
