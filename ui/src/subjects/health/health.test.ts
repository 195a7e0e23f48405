import { expect, it } from 'vitest'
import { daysText, faults, newCheck } from './check'
import { emptyKind, kindModule, KINDS } from './kinds'
import { statusCodes, wholeNumber } from './kinds/fields'
import type { Settings } from './kinds/kind'

const httpSettings = (url: string) => ({ ...emptyKind('http'), url }) as Settings<'http'>

it('has a form with its functions for every kind', () => {
  for (const { name, label } of KINDS) {
    const form = kindModule(emptyKind(name))
    expect(label).not.toBe('')
    expect(form.default).toBeTypeOf('function')
    expect(form.suggestedName(emptyKind(name))).toBeTypeOf('string')
    expect(form.faults(emptyKind(name))).toBeTypeOf('object')
  }
  expect(emptyKind('unknown').type).toBe(KINDS[0]?.name)
})

it('finds the missing fields of a new check', () => {
  expect(Object.keys(faults(newCheck('http')))).toEqual(['url', 'name'])
  expect(Object.keys(faults(newCheck('tcp')))).toEqual(['port', 'name'])
  expect(Object.keys(faults({ ...newCheck('postgres'), name: 'orders' }))).toEqual([])
})

it('writes the remaining validity of a certificate', () => {
  expect([-1, 0.04, 1.97, 13.9].map(daysText)).toEqual(['expired', '0.0 d left', '2.0 d left', '13 d left'])
})

it('suggests a name from the target', () => {
  const suggested = (kind: Parameters<typeof kindModule>[0]) => kindModule(kind).suggestedName(kind)
  expect(suggested(httpSettings('https://shop.local/health'))).toBe('shop.local/health')
  expect(suggested({ type: 'tcp', host: 'db', port: 5432 })).toBe('db:5432')
  expect(suggested(httpSettings('shop'))).toBe('')
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
