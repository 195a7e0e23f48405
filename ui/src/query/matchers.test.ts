import { describe, expect, it } from 'vitest'
import { formatMatcher, parseMatcher } from './matchers'

describe('filters', () => {
  it.each(['service=checkout', 'host!=a', 'http.route=~/api/.*', 'name!~b=c', 'empty='])(
    '%s is read as it is written',
    (text) => {
      const matcher = parseMatcher(text)
      expect(matcher && formatMatcher(matcher)).toBe(text)
    },
  )
  it('without a key or a sign are none', () => {
    expect(parseMatcher('service')).toBeNull()
    expect(parseMatcher('=x')).toBeNull()
  })
})
