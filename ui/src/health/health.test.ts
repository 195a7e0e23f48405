import { expect, it } from 'vitest'
import { faults, newCheck, suggestedName } from './check'

it('finds what is missing in a new check, by field', () => {
  expect(Object.keys(faults(newCheck('http')))).toEqual(['url', 'name'])
  expect(Object.keys(faults(newCheck('tcp')))).toEqual(['port', 'name'])
  expect(Object.keys(faults({ ...newCheck('postgres'), name: 'orders' }))).toEqual([])
})

it('suggests a name from what is looked at', () => {
  expect(
    suggestedName({
      type: 'http',
      url: 'https://shop.local/health',
      method: 'GET',
      expected_status: [],
      body_contains: null,
    }),
  ).toBe('shop.local/health')
  expect(suggestedName({ type: 'tcp', host: 'db', port: 5432 })).toBe('db:5432')
  expect(suggestedName({ type: 'http', url: 'shop', method: 'GET', expected_status: [], body_contains: null })).toBe('')
})
