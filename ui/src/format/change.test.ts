import { describe, expect, it } from 'vitest'
import { formatChange } from './change'

describe('a change', () => {
  it('is followed by its interval in its direction', () => {
    expect(formatChange(3.24, [2.68, 13.61])).toBe('up 324% (268 to 1361%)')
    expect(formatChange(-0.2, [-0.23, -0.18])).toBe('down 20% (18 to 23%)')
    expect(formatChange(0.042, [-0.05, 0.4])).toBe('up 4.2% (−5 to 40%)')
  })
  it('can have no interval', () => {
    expect(formatChange(0.2, null)).toBe('up 20%')
    expect(formatChange(-0.0002, [-0.066, 0.05])).toBe('unchanged (−6.6 to 5%)')
    expect(formatChange(null, null)).toBe('–')
  })
})
