import { tableFromArrays, tableToIPC } from '@uwdata/flechette'
import { describe, expect, it } from 'vitest'
import { decodeSeries } from './arrow'

describe('a series response', () => {
  it('is decoded with its unit, its gaps and one list of points per label set', () => {
    const table = tableFromArrays({
      labels: ['{"route":"/a"}', '{"route":"/a"}', '{"route":"/b"}', '{}'],
      time: [1000, 2000, 1000, null],
      value: [1.5, 2.5, null, null],
    })
    const gap = { range: { start: 1, end: 2 }, reason: 'asleep' }
    table.schema.metadata = new Map([
      ['unit', 's'],
      ['step', '1000000000'],
      ['total_series', '7'],
      ['gaps', JSON.stringify([gap])],
    ])
    const bytes = tableToIPC(table, { format: 'stream' })
    expect(decodeSeries(bytes ?? new Uint8Array())).toEqual({
      unit: 's',
      step: 1e9,
      total_series: 7,
      gaps: [gap],
      series: [
        { labels: { route: '/a' }, times: [1e9, 2e9], values: [1.5, 2.5] },
        { labels: { route: '/b' }, times: [1e9], values: [Number.NaN] },
        { labels: {}, times: [], values: [] },
      ],
    })
  })
})
