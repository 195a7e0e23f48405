import { describe, expect, it } from 'vitest'
import { parseMoment, toLocalField } from './range'

describe('moments', () => {
  it('are relative or absolute', () => {
    expect(parseMoment('now', 1e12)).toBe(1e12)
    expect(parseMoment('now-15m', 1e12)).toBe(1e12 - 900e3)
    expect(parseMoment('now-1.5h', 1e12)).toBe(1e12 - 5400e3)
    expect(parseMoment('1700000000000', 0)).toBe(1_700_000_000_000)
    for (const wrong of ['', 'yesterday', 'now-5', 'now+5m', '12']) expect(parseMoment(wrong, 0)).toBeNull()
  })

  it('fill a local field that reads back the same', () => {
    const time = 1_700_000_123_000
    expect(Date.parse(toLocalField(time))).toBe(time)
  })
})
