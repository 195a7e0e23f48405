import uPlot from 'uplot'
import { timeTicks } from './time-axis'
import { tickIncrements } from './domain'
import { tick } from '@/format/units'
import type { CanvasTheme } from './theme.svelte'

/**
 * The style of a series. Colours are resolved when drawing, so that a theme change needs no new
 * plot.
 */
interface PlotSeries {
  colour: string
  dashed: boolean
}

/**
 * Settings and callbacks of a plot. Getters are read on every draw, since their values change
 * often.
 */
export interface PlotSetup {
  width: number
  height: number
  series: PlotSeries[]
  stacked: boolean
  bars: boolean
  syncKey: string | undefined
  zoomable: boolean
  theme: () => CanvasTheme
  unit: () => string
  range: () => [number, number]
  domain: () => [number, number]
  onunder: (plot: uPlot) => void
  ondrawn: (plot: uPlot) => void
  oncursor: (plot: uPlot) => void
  onzoom: (from: number, to: number) => void
}

/** Spacing of tick labels in pixels. */
const X_SPACE = 72
const Y_SPACE = 36
/** Space right of the plot in pixels. */
const RIGHT = 12

function labelWidth(plot: uPlot, labels: (string | number | null)[], font: string): number {
  plot.ctx.save()
  plot.ctx.font = font
  const widest = Math.max(0, ...labels.map((label) => plot.ctx.measureText(String(label ?? '')).width))
  plot.ctx.restore()
  return Math.ceil(widest)
}

/** Returns the labels of the time axis without those that the edge of the chart would cut. */
function inside(plot: uPlot, splits: number[], labels: string[], font: string): string[] {
  return labels.map((label, index) => {
    const half = labelWidth(plot, [label], font) / 2
    return plot.valToPos(splits[index] ?? 0, 'x') + half > plot.bbox.width / (devicePixelRatio || 1) + RIGHT
      ? ''
      : label
  })
}

function axes(setup: PlotSetup): uPlot.Axis[] {
  const stroke = () => setup.theme().faint
  const grid = { stroke: () => setup.theme().line, width: 1 }
  const font = setup.theme().font
  return [
    {
      stroke,
      font,
      space: X_SPACE,
      size: 24,
      gap: 6,
      grid: { show: false },
      ticks: { show: false },
      border: { show: true, stroke: () => setup.theme().line, width: 1 },
      values: (plot, splits, _axis, _space, spacing) => inside(plot, splits, timeTicks(splits, spacing), font),
    },
    {
      stroke,
      font,
      space: Y_SPACE,
      gap: 6,
      grid,
      ticks: { show: false },
      incrs: () => tickIncrements(setup.unit()),
      values: (_plot, splits, _axis, _space, spacing) => splits.map((value) => tick(value, setup.unit(), spacing)),
      size: (plot, values) => (values ? Math.max(36, labelWidth(plot, values, font) + 10) : 36),
    },
  ]
}

function line(setup: PlotSetup, series: PlotSeries): uPlot.Series {
  const colour = () => setup.theme().colour(series.colour)
  const faded = () => withAlpha(colour(), setup.bars ? 0.85 : setup.series.length === 1 && !setup.stacked ? 0.1 : 0.35)
  const filled = setup.bars || setup.stacked || (setup.series.length === 1 && !series.dashed)
  const barPaths = uPlot.paths.bars?.({ size: [0.85, 40], align: 1 })
  return {
    stroke: colour,
    width: setup.bars ? 0 : 1.25,
    spanGaps: false,
    ...(filled ? { fill: faded } : {}),
    ...(series.dashed ? { dash: [5, 4] } : {}),
    ...(setup.bars && barPaths ? { paths: barPaths } : {}),
    points: { show: (plot, index, from, to) => lonely(plot, index, from, to), size: 4, width: 0, fill: colour },
  }
}

/** Draws points only where lines are too short to be visible. */
function lonely(plot: uPlot, series: number, from: number, to: number): boolean {
  let count = 0
  const values = plot.data[series] ?? []
  for (let index = from; index <= to && count < 4; index++) if (values[index] != null) count++
  return count > 0 && count < 4
}

/** Returns a colour with transparency, for fills. */
function withAlpha(colour: string, alpha: number): string {
  const match = /^#([\da-f]{6})$/i.exec(colour)
  return match
    ? `${colour}${Math.round(alpha * 255)
        .toString(16)
        .padStart(2, '0')}`
    : colour
}

function crosshairOnly(type: string): boolean {
  return type !== 'mousedown' && type !== 'mouseup' && type !== 'dblclick'
}

/** Returns the options of a plot with a crosshair and, if zoomable, range selection by dragging. */
export function plotOptions(setup: PlotSetup): uPlot.Options {
  return {
    width: setup.width,
    height: setup.height,
    ms: 1,
    pxAlign: true,
    padding: [12, RIGHT, 0, 0],
    legend: { show: false },
    scales: {
      // Ticks start at whole milliseconds; a fraction would move them off the round minute.
      x: { time: true, range: () => setup.range().map(Math.round) as [number, number] },
      y: { range: () => setup.domain() },
    },
    axes: axes(setup),
    series: [{}, ...setup.series.map((one) => line(setup, one))],
    ...(setup.stacked && !setup.bars
      ? { bands: setup.series.slice(1).map((_, index) => ({ series: [index + 1, index + 2] as [number, number] })) }
      : {}),
    cursor: {
      y: false,
      drag: { x: setup.zoomable, y: false, setScale: false, dist: 4 },
      points: {
        show: !setup.bars && !setup.stacked,
        size: 6,
        width: 0,
        fill: (_plot, index) => setup.theme().colour(setup.series[index - 1]?.colour ?? 'var(--accent)'),
      },
      ...(setup.syncKey
        ? {
            sync: {
              key: setup.syncKey,
              setSeries: false,
              scales: ['x', null],
              filters: { pub: crosshairOnly, sub: crosshairOnly },
            },
          }
        : {}),
    },
    hooks: {
      drawClear: [setup.onunder],
      draw: [setup.ondrawn],
      setCursor: [setup.oncursor],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select
          if (width < 4) return
          const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          setup.onzoom(from, to)
        },
      ],
    },
  }
}

/** Returns the position of the plot in its chart in CSS pixels, with the values at its edges. */
export function frameOf(plot: uPlot) {
  const ratio = devicePixelRatio || 1
  const { left, top, width, height } = plot.bbox
  const { min, max } = plot.scales.y ?? {}
  return {
    left: left / ratio,
    top: top / ratio,
    width: width / ratio,
    height: height / ratio,
    low: min ?? 0,
    high: max ?? 1,
  }
}
