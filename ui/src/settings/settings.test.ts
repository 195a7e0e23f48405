import { expect, it } from 'vitest'
import { errorPlace, valueAt } from './error'

it('finds the place an error names', () => {
  const unknown = 'line 12, column 3: unknown key `hots`, did you mean `host`?'
  expect(errorPlace(unknown)).toEqual({ line: 12, column: 3 })
  expect(errorPlace('line 7: expected a number')).toEqual({ line: 7, column: 1 })
  expect(errorPlace('the file could not be read')).toBeNull()
})

it('reads a setting by its dotted name', () => {
  expect(valueAt({ host: { interval_seconds: 5 } }, 'host.interval_seconds')).toBe(5)
  expect(valueAt({ host: 3 }, 'host.interval_seconds')).toBeUndefined()
})
