import { tableFromIPC } from '@uwdata/flechette'
import type { Gap, SeriesAnswer, SeriesPoints } from './generated'

/** Reads the Arrow IPC stream of the command `series`: metadata in the schema, one record batch a series. */
export function decodeSeries(bytes: ArrayBuffer | Uint8Array): SeriesAnswer {
  const table = tableFromIPC(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes))
  const metadata = table.schema.metadata ?? new Map<string, string>()
  const times = table.getChild('time')
  const values = table.getChild('value')
  const labels = table.getChild('labels')
  const series: SeriesPoints[] = []
  let at = 0
  for (const batch of times?.data ?? []) {
    const end = at + batch.length
    if (end > at) {
      const points: SeriesPoints = { labels: JSON.parse(String(labels?.at(at) ?? '{}')), times: [], values: [] }
      for (let index = at; index < end; index += 1) {
        points.times.push(Number(times?.at(index)) * 1e6)
        points.values.push(Number(values?.at(index)))
      }
      series.push(points)
    }
    at = end
  }
  return {
    unit: metadata.get('unit') ?? '',
    step: Number(metadata.get('step') ?? 0),
    total_series: Number(metadata.get('total_series') ?? series.length),
    gaps: JSON.parse(metadata.get('gaps') ?? '[]') as Gap[],
    series,
  }
}
