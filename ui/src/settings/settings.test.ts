import { expect, it } from 'vitest'
import { errorLine, valueAt } from './error'

it('finds the line an error names', () => {
  expect(errorLine('line 12, column 3: unknown key `hots`, did you mean `host`?')).toBe(12)
  expect(errorLine('/home/a/binnacle.toml:7:1: expected a number')).toBe(7)
  expect(errorLine('the file could not be read')).toBeNull()
})

it('reads a setting by its dotted name', () => {
  expect(valueAt({ host: { interval_seconds: 5 } }, 'host.interval_seconds')).toBe(5)
  expect(valueAt({ host: 3 }, 'host.interval_seconds')).toBeUndefined()
})
