import type uPlot from 'uplot'
import { chartCsv, chartPng, chartSvg, type ChartPicture } from './export'
import type { CanvasTheme } from './theme.svelte'

function download(name: string, content: Blob): void {
  const address = URL.createObjectURL(content)
  Object.assign(document.createElement('a'), { href: address, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

/** Writes a chart as a file of the user's choosing. */
export async function exportChart(
  format: 'png' | 'svg' | 'csv',
  plot: uPlot | undefined,
  theme: CanvasTheme,
  picture: ChartPicture,
): Promise<void> {
  const name = `${picture.title.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^-+|-+$/g, '') || 'chart'}.${format}`
  if (format === 'csv') return download(name, new Blob([chartCsv(picture)], { type: 'text/csv' }))
  if (format === 'svg') return download(name, new Blob([chartSvg(picture, theme)], { type: 'image/svg+xml' }))
  const picturePng = plot ? await chartPng(plot.ctx.canvas, picture.title, theme) : null
  if (picturePng) download(name, picturePng)
}
