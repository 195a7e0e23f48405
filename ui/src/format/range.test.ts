import { describe, expect, it } from 'vitest'
import { parseTime } from './range'

describe('times', () => {
  it('are relative or absolute', () => {
    expect(parseTime('now', 1e12)).toBe(1e12)
    expect(parseTime('now-15m', 1e12)).toBe(1e12 - 900e3)
    expect(parseTime('now-1.5h', 1e12)).toBe(1e12 - 5400e3)
    expect(parseTime('1700000000000', 0)).toBe(1_700_000_000_000)
    for (const wrong of ['', 'yesterday', 'now-5', 'now+5m', '12']) expect(parseTime(wrong, 0)).toBeNull()
  })
})
