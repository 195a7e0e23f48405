import type uPlot from 'uplot'
import { saveContent } from '@/backend'
import { toasts } from '@/kit/toast.svelte'
import { chartCsv, chartPng, chartSvg, type ChartPicture } from './export'
import type { CanvasTheme } from './theme.svelte'

async function save(name: string, content: Blob): Promise<void> {
  try {
    const where = await saveContent(content, name)
    if (where !== null) toasts.show(`Saved ${where}`)
  } catch (thrown) {
    toasts.fail(thrown, 'Could not save the chart')
  }
}

/** Saves a chart to a file that the user chooses. */
export async function exportChart(
  format: 'png' | 'svg' | 'csv',
  plot: uPlot | undefined,
  theme: CanvasTheme,
  picture: ChartPicture,
): Promise<void> {
  const name = `${picture.title.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^-+|-+$/g, '') || 'chart'}.${format}`
  if (format === 'csv') return save(name, new Blob([chartCsv(picture)], { type: 'text/csv' }))
  if (format === 'svg') return save(name, new Blob([chartSvg(picture, theme)], { type: 'image/svg+xml' }))
  const picturePng = plot ? await chartPng(plot.ctx.canvas, picture.title, theme) : null
  if (picturePng) await save(name, picturePng)
}
