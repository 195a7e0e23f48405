import { describe, expect, it } from 'vitest'
import { placeExemplars } from './exemplars'

const exemplar = (time: number, value: number | null) => ({
  time,
  value,
  text: String(value),
  series: 'a',
  details: [],
  trace: null,
  href: null,
})
const range = { from: 1000, to: 2000 }
const frame = { left: 40, top: 12, width: 100, height: 100, low: 0, high: 10 }
const place = (...exemplars: ReturnType<typeof exemplar>[]) =>
  placeExemplars(exemplars, range, frame).map(({ x, y, at }) => [x, y, at])

describe('exemplars', () => {
  it('are placed at their time and value, from left to right', () => {
    expect(place(exemplar(1500, 10), exemplar(1250, 2.5))).toEqual([
      [25, 75, 'value'],
      [50, 0, 'value'],
    ])
  })

  it('are placed at an edge beyond the axis, and at the bottom without a value on the axis', () => {
    expect(place(exemplar(1100, 99), exemplar(1300, -1), exemplar(1500, null), exemplar(1700, NaN))).toEqual([
      [10, 0, 'above'],
      [30, 100, 'below'],
      [50, 100, 'foot'],
      [70, 100, 'foot'],
    ])
  })

  it('are dropped outside the range or in a plot without a size', () => {
    expect(place(exemplar(999, 1), exemplar(2001, 1))).toEqual([])
    expect(placeExemplars([exemplar(1500, 1)], range, { ...frame, width: 0 })).toEqual([])
    expect(placeExemplars([exemplar(1500, 1)], { from: 1500, to: 1500 }, frame)).toEqual([])
  })

  it('that overlap are drawn as the one with the largest value', () => {
    const placed = placeExemplars([exemplar(1500, 5), exemplar(1501, 5.1), exemplar(1505, 1)], range, frame)
    expect(placed.map(({ exemplar: { value } }) => value)).toEqual([5.1, 1])
  })
})
