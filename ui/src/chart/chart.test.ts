import { describe, expect, it } from 'vitest'
import { align, nearestValue, stack } from './align'
import { bandReach, readableTicks, valueDomain } from './domain'
import { chartCsv } from './export'
import { infiniteValues } from './infinite'
import { assignColours, PALETTE_SIZE } from './palette'
import { parseValue, tick } from '@/format/units'
import { pickSeries, readAt } from './tooltip'
import { snap } from './threshold'
import { chartLine, chartSeries } from '@/query/series'

const line = (name: string, times: number[], values: (number | null)[]) => ({ name, labels: {}, times, values })

describe('colours', () => {
  it('are the same for a name in every chart, unless two names share one colour', () => {
    const alone = assignColours(['checkout']).get('checkout')
    expect(assignColours(['checkout', 'checkout']).get('checkout')).toBe(alone)
    const names = Array.from({ length: PALETTE_SIZE }, (_, index) => `service-${index}`)
    expect(new Set(assignColours(names).values()).size).toBe(PALETTE_SIZE)
    expect(assignColours([...names].reverse())).toEqual(assignColours(names))
  })

  it('repeat evenly when there are more names than colours', () => {
    const names = Array.from({ length: 3 * PALETTE_SIZE }, (_, index) => `n${index}`)
    const counts = new Map<number, number>()
    for (const index of assignColours(names).values()) counts.set(index, (counts.get(index) ?? 0) + 1)
    expect([...counts.values()]).toEqual(new Array(PALETTE_SIZE).fill(3))
  })
})

describe('infinite values', () => {
  it('are arrows at the edges in the colour of their line, and NaN is none', () => {
    const values = ['+Inf', 'NaN', 1, '-Inf']
    const drawn = chartLine({ labels: {}, times: [1e6, 2e6, 3e6, 4e6], values }, 'a')
    expect(infiniteValues([{}, drawn], ['red', 'blue'])).toEqual([
      { time: 1, isUp: true, colour: 'blue' },
      { time: 4, isUp: false, colour: 'blue' },
    ])
  })
})

describe('alignment', () => {
  it('breaks a line across times that only other series have', () => {
    const { times, values } = align([line('a', [0, 100], [1, 2]), line('b', [0, 10, 20, 30, 100], [1, 1, 1, 1, 1])], 10)
    expect(times).toEqual([0, 10, 20, 30, 40, 100])
    expect(values[0]).toEqual([1, null, null, null, null, 2])
  })

  it('breaks a line across missing time and not across one late point', () => {
    const { times, values } = align([line('a', [0, 10, 30, 100], [1, 2, 3, 4])], 10)
    expect(times).toEqual([0, 10, 30, 40, 100])
    expect(values[0]).toEqual([1, 2, 3, null, 4])
  })

  it('does not break a series where another has more points', () => {
    const { values } = align([line('a', [0, 20, 40], [1, 2, 3]), line('b', [0, 10, 20, 30, 40], [1, 1, 1, 1, 1])], 20)
    expect(values[0]).toEqual([1, undefined, 2, undefined, 3])
  })

  it('stacks from the last series up with its breaks', () => {
    const stacked = stack(align([line('a', [0, 10], [1, 2]), line('b', [0, 10], [10, null])], 10))
    expect(stacked.values).toEqual([
      [11, 2],
      [10, null],
    ])
  })

  it('returns the nearest value within reach only', () => {
    const aligned = align([line('a', [0, 100], [1, 2]), line('b', [10, 20, 90], [0, 0, 0])], 60)
    expect(nearestValue(aligned, 0, 1, 15)).toBe(1)
    expect(nearestValue(aligned, 0, 2, 5)).toBeNull()
  })
})

describe('axes', () => {
  it('start at zero unless the values would look flat', () => {
    expect(valueDomain([10, 100])[0]).toBe(0)
    expect(valueDomain([1000, 1010])[0]).toBeGreaterThan(900)
    expect(valueDomain(null)).toEqual([0, 1])
  })

  it('are extended by a band up to a limit', () => {
    expect(bandReach([0, 10], [-500], [900])).toEqual([0, 15])
    expect(bandReach([0, 10], [2], [8])).toEqual([2, 8])
  })

  it('have ticks that read well', () => {
    expect(readableTicks(0, 3.003, 's', 5)).toEqual({ ticks: [0, 1, 2, 3], spacing: 1 })
    expect(tick(60, 's', 15)).toBe('60 s')
    expect(tick(180, 's', 60)).toBe('3 min')
  })

  it('write ticks with a scaled unit', () => {
    expect(tick(0.4, 's', 0.2)).toBe('400 ms')
    expect(tick(1.2, 's', 0.4)).toBe('1.2 s')
    expect(tick(4e8, 'ns', 2e8)).toBe('400 ms')
    expect(tick(1536 * 1024, 'By', 512 * 1024)).toBe('1.5 MiB')
    expect(tick(0.25, 'ratio', 0.05)).toBe('25%')
    expect(tick(2500, '1/s', 500)).toBe('2.5k/s')
    expect(tick(0, 'By', 1)).toBe('0')
  })
})

describe('typed values with a unit', () => {
  it('are read in the unit of the metric', () => {
    expect(parseValue('800 ms', 's')).toBe(0.8)
    expect(parseValue('1.5 s', 'ns')).toBe(1.5e9)
    expect(parseValue('0.8', 's')).toBe(0.8)
    expect(parseValue('2 GiB', 'By')).toBe(2 * 1024 ** 3)
    expect(parseValue('2gb', 'By')).toBe(2 * 1024 ** 3)
    expect(parseValue('5%', 'ratio')).toBe(0.05)
    expect(parseValue('3k', '1')).toBe(3000)
    expect(parseValue('12/s', '1/s')).toBe(12)
  })

  it('are rejected in another unit', () => {
    expect(parseValue('5 GiB', 's')).toBeNull()
    expect(parseValue('lots', 's')).toBeNull()
    expect(parseValue('', 's')).toBeNull()
  })
})

it('snaps a dragged value to the resolution of a pixel', () => {
  expect(snap(0.80341, 0.004)).toBe(0.805)
  expect(snap(803.41, 7)).toBe(800)
})

it('isolates a series and shows all again', () => {
  expect(pickSeries(['a', 'b'], null, 'a', false)).toEqual(['a'])
  expect(pickSeries(['a', 'b'], ['a'], 'a', false)).toBeNull()
  expect(pickSeries(['a', 'b', 'c'], null, 'a', true)).toEqual(['b', 'c'])
  expect(pickSeries(['a', 'b'], ['a'], 'b', true)).toBeNull()
})

describe('values that cannot be drawn', () => {
  const answer = {
    unit: 's',
    step: 10e6,
    total_series: 1,
    gaps: [],
    series: [{ labels: {}, times: [0, 10e6, 20e6, 30e6], values: [1, Number.NaN, Infinity, 2] }],
  }
  const series = chartSeries(answer, 'wait')
  const aligned = align(series, 10)

  it('break the line and are read by the cursor', () => {
    expect(aligned.values[0]).toEqual([1, null, null, 2])
    const read = (index: number) =>
      readAt({
        ...{ series, aligned, index, unit: 's', step: 10, colours: ['red'], shown: [true], gaps: [], marks: [] },
        ...{ time: index * 10, range: { from: 0, to: 40 } },
      }).rows.map((row) => row.value)
    expect([0, 1, 2, 3].map(read)).toEqual([['1 s'], ['NaN'], ['+Inf'], ['2 s']])
  })

  it('are in the CSV', () => {
    const picture = { title: 't', unit: 's', range: { from: 0, to: 40 }, domain: [0, 1] as [number, number] }
    const line = { name: 'wait', colour: '', dashed: false, texts: series[0]?.texts }
    const csv = chartCsv({ ...picture, aligned, gaps: [], threshold: undefined, series: [line] })
    expect(csv.split('\n').map((row) => row.split(',')[1])).toEqual(['wait (s)', '1', 'NaN', '+Inf', '2', undefined])
  })
})

it('writes CSV with quoted names and no rows for breaks', () => {
  const aligned = align([line('a, b', [0, 100], [1, 2])], 10)
  const csv = chartCsv({
    title: 't',
    unit: 's',
    range: { from: 0, to: 100 },
    domain: [0, 1],
    aligned,
    gaps: [],
    threshold: undefined,
    series: [{ name: 'a, b', colour: '', dashed: false }],
  })
  expect(csv).toBe('time,"a, b (s)"\n1970-01-01T00:00:00.000Z,1\n1970-01-01T00:00:00.100Z,2\n')
})
