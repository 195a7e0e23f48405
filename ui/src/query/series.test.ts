import { describe, expect, it } from 'vitest'
import type { SeriesResponse } from '@/backend'
import { chartSeries, shownUnit } from './series'

describe('chart lines', () => {
  it('are named by their labels, with times in milliseconds', () => {
    const answer: SeriesResponse = {
      unit: 's',
      step: 1e9,
      total_series: 2,
      gaps: [],
      series: [
        { labels: {}, times: [1e15], values: [1] },
        { labels: { route: '/a', host: 'x' }, times: [2e15], values: [Number.NaN] },
      ],
    }
    const lines = chartSeries(answer, 'up')
    expect(lines.map(({ name }) => name)).toEqual(['up', 'route=/a, host=x'])
    expect(lines[1]).toMatchObject({ times: [2e9], values: [null] })
    expect(shownUnit('system.cpu.utilization', '1')).toBe('ratio')
    expect(shownUnit('requests', '1')).toBe('1')
  })
})
