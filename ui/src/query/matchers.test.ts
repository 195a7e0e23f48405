import { describe, expect, it } from 'vitest'
import { formatMatcher, parseMatcher } from './matchers'

describe('filters', () => {
  it.each(['service=checkout', 'host!=a', 'http.route=~/api/.*', 'name!~b=c', 'empty='])(
    '%s is parsed as it is written',
    (text) => {
      const matcher = parseMatcher(text)
      expect(matcher && formatMatcher(matcher)).toBe(text)
    },
  )
  it('without a key or an operator are rejected', () => {
    expect(parseMatcher('service')).toBeNull()
    expect(parseMatcher('=x')).toBeNull()
  })
})
