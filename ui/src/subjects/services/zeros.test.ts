import { expect, it } from 'vitest'
import { withZeros } from './zeros'

it('counts zero without requests, and has no value in gaps', () => {
  const gap = { from: 45, to: 58, reason: 'asleep' }
  expect(withZeros([10, 20, 40, 70], [1, 2, 3, 4], 10, [gap])).toEqual({
    times: [10, 20, 30, 40, 60, 70],
    values: [1, 2, 0, 3, 0, 4],
  })
  expect(withZeros([0.1, 2.9], [1, 1], 1, []).values).toEqual([1, 0, 0, 1])
})

it('returns series unchanged that it cannot fill', () => {
  expect(withZeros([], [], 10, [])).toEqual({ times: [], values: [] })
  expect(withZeros([1], [5], 10, [])).toEqual({ times: [1], values: [5] })
  expect(withZeros([0, 1e9], [1, 1], 1, [])).toEqual({ times: [0, 1e9], values: [1, 1] })
  expect(withZeros([0, 10], [1, 1], 0, []).times).toEqual([0, 10])
})
