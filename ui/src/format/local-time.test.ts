import { expect, it } from 'vitest'
import { fromLocalTime, toLocalTime } from './local-time'

it('converts a time to local calendar time and back', () => {
  const time = 1_700_000_123_000
  expect(fromLocalTime(toLocalTime(time))).toBe(time)
  expect(fromLocalTime(toLocalTime(time + 456))).toBe(time)
})
