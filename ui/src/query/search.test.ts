import { describe, expect, it } from 'vitest'
import { quoteValue, searchError, withCondition } from './search'

describe('searches', () => {
  it('report the position of a fault', () => {
    expect(searchError('search, character 12: expected a value')).toEqual({ at: 11, message: 'expected a value' })
    expect(searchError('the engine is busy')).toBeNull()
  })
  it('are extended by conditions', () => {
    expect(withCondition('', 'service', 'a b')).toBe('service="a b"')
    expect(withCondition('timeout', 'service', 'x')).toBe('timeout service=x')
    expect(withCondition('timeout service=x', 'service', 'x')).toBe('timeout service=x')
    expect(withCondition('a OR b', 'k', 'v', true)).toBe('(a OR b) -k=v')
    expect(quoteValue('say "hi"')).toBe('"say \\"hi\\""')
  })
})
