import { expect, it } from 'vitest'
import { difference, errorPlace, valueAt } from './error'

it('parses the position of an error', () => {
  const unknown = 'line 12, column 3: unknown key `hots`, did you mean `host`?'
  expect(errorPlace(unknown)).toEqual({ line: 12, column: 3 })
  expect(errorPlace('line 7: expected a number')).toEqual({ line: 7, column: 1 })
  expect(errorPlace('the file could not be read')).toBeNull()
})

it('returns a setting by its dotted name', () => {
  expect(valueAt({ host: { interval_seconds: 5 } }, 'host.interval_seconds')).toBe(5)
  expect(valueAt({ host: 3 }, 'host.interval_seconds')).toBeUndefined()
})

it('finds the single change between two texts', () => {
  expect(difference('a = 1', 'a = 1')).toBeNull()
  for (const [before, after] of [
    ['a = 1\nb = 2\n', 'a = 1\nb = 22\n'],
    ['aaa', 'aa'],
    ['', 'text'],
    ['text', ''],
    ['one two', 'one three two'],
  ] as const) {
    const change = difference(before, after)
    expect(change && before.slice(0, change.from) + change.insert + before.slice(change.to)).toBe(after)
  }
  expect(difference('keep this\nold\nand this', 'keep this\nnew\nand this')).toEqual({
    from: 10,
    to: 13,
    insert: 'new',
  })
})
