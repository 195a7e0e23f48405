import { describe, expect, it } from 'vitest'
import { combined, latest, latestOf } from './vitals'

const answer = (times: number[][]) => ({
  unit: '',
  step: 5,
  total_series: times.length,
  gaps: [],
  series: times.map((list, index) => ({
    labels: { group: String(index) },
    times: list,
    values: list.map(() => index + 1),
  })),
})

describe('the sparkline of a vital sign', () => {
  it('adds groups and keeps gaps', () => {
    const given = answer([
      [10, 15, 20, 35],
      [10, 15],
    ])
    expect(combined(given)).toEqual([3, 3, 1, null, null, 1])
  })
  it('has no gaps if values are rarer than steps', () => {
    expect(combined(answer([[10, 20, 30, 40]]))).toEqual([1, 1, 1, 1])
  })
  it('is empty without values', () => {
    expect(combined(undefined)).toEqual([])
    expect(combined(answer([[]]))).toEqual([])
    expect(latest([])).toBeNull()
  })
  it('returns its newest value, of all or of one group', () => {
    expect(latest([1, 2, null])).toBe(2)
    expect(latestOf(answer([[10], [20]]), 'group', '1')).toBe(2)
    expect(latestOf(answer([[10]]), 'group', '7')).toBeNull()
  })
})
