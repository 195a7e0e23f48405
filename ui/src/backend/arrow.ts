import { tableFromIPC } from '@uwdata/flechette'
import type { Gap, SeriesResponse, SeriesPoints } from './generated'

/**
 * Decodes the Arrow IPC stream of the command `series`. Metadata is in the schema, and the rows of
 * a series are adjacent. A row without a time names a series that has no points.
 */
export function decodeSeries(bytes: ArrayBuffer | Uint8Array): SeriesResponse {
  const table = tableFromIPC(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes))
  const metadata = table.schema.metadata ?? new Map<string, string>()
  const times = table.getChild('time')
  const values = table.getChild('value')
  const labels = table.getChild('labels')
  const series: SeriesPoints[] = []
  let text: string | null = null
  for (let index = 0; index < table.numRows; index += 1) {
    const labelJson = String(labels?.at(index) ?? '{}')
    if (labelJson !== text) series.push({ labels: JSON.parse(labelJson), times: [], values: [] })
    text = labelJson
    const time = times?.at(index) as number | null
    if (time === null) continue
    const points = series.at(-1)
    points?.times.push(time * 1e6)
    points?.values.push((values?.at(index) as number | null) ?? Number.NaN)
  }
  return {
    unit: metadata.get('unit') ?? '',
    step: Number(metadata.get('step') ?? 0),
    total_series: Number(metadata.get('total_series') ?? series.length),
    gaps: JSON.parse(metadata.get('gaps') ?? '[]') as Gap[],
    series,
  }
}
