import { expect, it } from 'vitest'
import { formatSeconds, parseDuration, parseSeconds } from './duration'

it('parses durations as people type them', () => {
  expect(parseSeconds('2 min')).toBe(120)
  expect(parseSeconds('90')).toBe(90)
  expect(parseSeconds('1h 30m')).toBe(5400)
  expect(parseSeconds('5 minutes')).toBe(300)
  expect(parseSeconds('2 fortnights')).toBeNull()
  expect(parseSeconds('')).toBeNull()
  expect(parseSeconds('250 ms')).toBeNull()
})

it('parses durations of spans, in milliseconds without a unit', () => {
  for (const [text, nanoseconds] of [
    ['250', 250e6],
    ['250ms', 250e6],
    ['1.5 s', 1.5e9],
    ['2m', 120e9],
    ['80 µs', 80e3],
  ] as const)
    expect(parseDuration(text, 'ms')).toBe(nanoseconds)
  for (const text of ['', 'fast', '2 parsecs', '-1ms']) expect(parseDuration(text, 'ms')).toBeNull()
})

it('writes durations that parse to the same value', () => {
  for (const seconds of [0, 1, 59, 60, 90, 119, 120, 150, 3600, 5400, 86400, 90061])
    expect(parseSeconds(formatSeconds(seconds))).toBe(seconds)
  expect(formatSeconds(120)).toBe('2 min')
  expect(formatSeconds(90)).toBe('90 s')
})
