import { expect, it } from 'vitest'
import type { CheckKind } from '@/backend'
import { daysText, emptyKind, faults, newCheck, statusCodes, suggestedName, wholeNumber } from './check'

it('finds the missing fields of a new check', () => {
  expect(Object.keys(faults(newCheck('http')))).toEqual(['url', 'name'])
  expect(Object.keys(faults(newCheck('tcp')))).toEqual(['port', 'name'])
  expect(Object.keys(faults({ ...newCheck('postgres'), name: 'orders' }))).toEqual([])
})

it('writes the remaining validity of a certificate', () => {
  expect([-1, 0.04, 1.97, 13.9].map(daysText)).toEqual(['expired', '0.0 d left', '2.0 d left', '13 d left'])
})

it('suggests a name from the target', () => {
  expect(
    suggestedName({
      type: 'http',
      url: 'https://shop.local/health',
      method: 'GET',
      expected_status: [],
      body_contains: null,
      certificate_days: null,
    }),
  ).toBe('shop.local/health')
  expect(suggestedName({ type: 'tcp', host: 'db', port: 5432 })).toBe('db:5432')
  expect(suggestedName({ ...emptyKind('http'), url: 'shop' } as CheckKind)).toBe('')
})

it('parses typed numbers and rejects other text', () => {
  expect(statusCodes('200, 204 301')).toEqual([200, 204, 301])
  expect(statusCodes('')).toEqual([])
  expect(statusCodes('200, 9999')).toBeNull()
  expect(statusCodes('ok')).toBeNull()
  expect(wholeNumber(' 443 ')).toBe(443)
  expect(wholeNumber('443x')).toBeNull()
  expect(wholeNumber('')).toBeNull()
})
