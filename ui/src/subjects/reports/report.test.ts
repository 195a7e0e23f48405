import { expect, it } from 'vitest'
import { fileName, sealed } from './report'

it('makes file names that every system takes', () => {
  expect(fileName('Shop: week 47 / 2026')).toBe('Shop-week-47-2026')
  expect(fileName(' / ')).toBe('report')
})

it('seals a page against anything remote', () => {
  expect(sealed('<html><head><title>x</title></head></html>')).toMatch(
    /<head><meta http-equiv="Content-Security-Policy"/,
  )
  expect(sealed('text')).toMatch(/^<meta/)
})
