import { expect, it } from 'vitest'
import { fileName, sealed } from './report'

it('makes file names that are valid on every system', () => {
  expect(fileName('Shop: week 47 / 2026')).toBe('Shop-week-47-2026')
  expect(fileName(' / ')).toBe('report')
})

it('adds a policy that blocks remote content', () => {
  expect(sealed('<html><head><title>x</title></head></html>')).toMatch(
    /<head><meta http-equiv="Content-Security-Policy"/,
  )
  expect(sealed('text')).toMatch(/^<meta/)
})
