import { describe, expect, it } from 'vitest'
import { formatDuration, formatRate, formatRatio, formatRelative, formatSpan, formatValue } from '.'

describe('values', () => {
  it.each([
    [1_420_000_000, 'ns', '1.42 s'],
    [38e6, 'ns', '38 ms'],
    [800, 'ns', '800 ns'],
    [0.0999, 's', '99.9 ms'],
    [200, 's', '3.33 min'],
    [11.2 * 1024 ** 3, 'By', '11.2 GiB'],
    [1023.99, 'By', '1 KiB'],
    [3.4 * 1024 ** 2, 'By/s', '3.4 MiB/s'],
    [0.234, 'ratio', '23.4%'],
    [18_200, '1', '18.2k'],
    [142, '/s', '142/s'],
    [91, '{connection}', '91 connection'],
    [0, 'ns', '0 ms'],
    [3, 'GiBy', '3 GiB'],
    [2.5e6, 'bit/s', '2.5 Mbit/s'],
    [42, 'Cel', '42 °C'],
    [-5, '1', '-5'],
  ])('%d %s is %s', (value, unit, text) => expect(formatValue(value, unit)).toBe(text))

  it('are a dash for a missing value', () => {
    expect(formatValue(null, 'By')).toBe('–')
    expect(['NaN', '+Inf', '-Inf', Infinity].map((value) => formatValue(value, 's'))).toEqual([
      'NaN',
      '+Inf',
      '-Inf',
      '+Inf',
    ])
    expect(formatDuration(undefined)).toBe('–')
    expect(formatRatio(Number.NaN)).toBe('–')
  })

  it('never round an error ratio to zero or one', () => {
    expect(formatRatio(0.0004)).toBe('<0.1%')
    expect(formatRatio(0.041)).toBe('4.1%')
    expect(formatRatio(0.99995)).toBe('>99.99%')
    expect(formatRatio(1)).toBe('100%')
    expect(formatRate(0.25)).toBe('0.25/s')
  })
})

describe('times', () => {
  it('are relative to now', () => {
    expect(formatRelative(1000, 3000)).toBe('just now')
    expect(formatRelative(0, 6 * 60e3)).toBe('6 min ago')
    expect(formatRelative(2 * 3600e3, 0)).toBe('in 2 h')
    expect(formatSpan(3 * 3600e3 + 20 * 60e3)).toBe('3 h 20 min')
  })
})
