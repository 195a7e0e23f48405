import { timeTicks } from './time-axis'
import type { Aligned } from './align'
import type { CanvasTheme } from './theme.svelte'
import type { ChartGap, ChartRange } from './types'
import { readableTicks } from './domain'
import { visibleLine } from '@/format'
import { tick } from '@/format/units'

/** A chart as it is shown, for export. */
export interface ChartPicture {
  title: string
  unit: string
  range: ChartRange
  domain: [number, number]
  aligned: Aligned
  series: { name: string; colour: string; dashed: boolean; texts?: ReadonlyMap<number, string> | undefined }[]
  gaps: ChartGap[]
  threshold: number | undefined
}

/** Quotes a CSV field if needed. */
function field(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/**
 * Writes CSV: a row per time, a column per series; times as ISO 8601 in UTC, missing values empty,
 * NaN and infinities as Prometheus writes them.
 */
export function chartCsv(picture: ChartPicture): string {
  const unit = picture.unit ? ` (${picture.unit})` : ''
  const head = ['time', ...picture.series.map((one) => field(`${one.name}${unit}`))].join(',')
  const rows: string[] = []
  picture.aligned.times.forEach((time, index) => {
    const values = picture.series.map((one, at) => picture.aligned.values[at]?.[index] ?? one.texts?.get(time))
    if (values.every((value) => value == null)) return
    rows.push([new Date(time).toISOString(), ...values.map((value) => (value == null ? '' : String(value)))].join(','))
  })
  return [head, ...rows, ''].join('\n')
}

const WIDTH = 960
const HEIGHT = 320
const LEFT = 64
const TOP = 36
const BOTTOM = 28

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function path(picture: ChartPicture, at: number, x: (time: number) => number, y: (value: number) => number): string {
  let pen = false
  const parts: string[] = []
  picture.aligned.times.forEach((time, index) => {
    const value = picture.aligned.values[at]?.[index]
    if (value === null) pen = false
    if (value == null) return
    parts.push(`${pen ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`)
    pen = true
  })
  return parts.join('')
}

/** Writes the chart as a self-contained SVG document. */
export function chartSvg(picture: ChartPicture, theme: CanvasTheme): string {
  const { range, domain } = picture
  const plotHeight = HEIGHT - TOP - BOTTOM
  const x = (time: number) => LEFT + ((time - range.from) / (range.to - range.from)) * (WIDTH - LEFT - 16)
  const y = (value: number) => TOP + (1 - (value - domain[0]) / (domain[1] - domain[0])) * plotHeight
  const { ticks: values, spacing } = readableTicks(domain[0], domain[1], picture.unit, 6)
  const lines = values.map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - 16}" y1="${y(value)}" y2="${y(value)}" stroke="${theme.line}"/><text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${escape(tick(value, picture.unit, spacing))}</text>`,
  )
  const step = (range.to - range.from) / 6
  const ticks = Array.from({ length: 7 }, (_, index) => range.from + step * index)
  const labels = timeTicks(ticks, step).map(
    (label, index) =>
      `<text x="${x(ticks[index] ?? range.from)}" y="${HEIGHT - 8}" text-anchor="middle">${escape(label)}</text>`,
  )
  const gaps = picture.gaps.map(
    (gap) =>
      `<rect x="${x(Math.max(gap.from, range.from))}" y="${TOP}" width="${Math.max(0, x(Math.min(gap.to, range.to)) - x(Math.max(gap.from, range.from)))}" height="${plotHeight}" fill="${theme.unknown}" opacity=".15"><title>${escape(gap.reason)}</title></rect>`,
  )
  const curves = picture.series.map(
    (one, at) =>
      `<path d="${path(picture, at, x, y)}" fill="none" stroke="${theme.colour(one.colour)}" stroke-width="1.25"${one.dashed ? ' stroke-dasharray="5 4"' : ''}><title>${escape(one.name)}</title></path>`,
  )
  const bar =
    picture.threshold === undefined
      ? ''
      : `<line x1="${LEFT}" x2="${WIDTH - 16}" y1="${y(picture.threshold)}" y2="${y(picture.threshold)}" stroke="${theme.colour('var(--unhealthy)')}" stroke-width="1.5"/>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="Inter, sans-serif" font-size="11" fill="${theme.muted}"><rect width="100%" height="100%" fill="${theme.surface}"/><text x="16" y="22" font-size="13" font-weight="600" fill="${theme.text}">${escape(picture.title)}</text>${lines.join('')}${labels.join('')}${gaps.join('')}${curves.join('')}${bar}</svg>`
}

/** Returns the content of the canvas with the title above it. */
export function chartPng(canvas: HTMLCanvasElement, title: string, theme: CanvasTheme): Promise<Blob | null> {
  const ratio = devicePixelRatio || 1
  const head = 32 * ratio
  const copy = document.createElement('canvas')
  copy.width = canvas.width
  copy.height = canvas.height + head
  const context = copy.getContext('2d')
  if (!context) return Promise.resolve(null)
  context.fillStyle = theme.surface
  context.fillRect(0, 0, copy.width, copy.height)
  context.fillStyle = theme.text
  context.font = `600 ${13 * ratio}px ${theme.font.replace(/^\S+\s/, '')}`
  context.fillText(visibleLine(title), 12 * ratio, 21 * ratio)
  context.drawImage(canvas, 0, head)
  return new Promise((resolve) => copy.toBlob(resolve, 'image/png'))
}
