import { describe, expect, it } from 'vitest'
import type { DroppedData, KeptData, RetentionPreview } from '../backend'
import {
  dropSentence,
  dropTotal,
  freshRows,
  readMegabytes,
  sameLimits,
  totalOf,
  withDays,
  withMegabytes,
  writeMegabytes,
} from './retention'

const kept = (service: string, rows: number, start: number): KeptData => ({
  kind: 'logs',
  service,
  rows,
  bytes: rows * 10,
  pinned_rows: 1,
  range: { start, end: start + 1e9 },
})
const dropped: DroppedData = {
  kind: 'logs',
  service: 'shop',
  rows: 1200,
  bytes: 2 ** 20,
  range: { start: 0, end: 3600e9 },
  reason: 'age',
}

describe('what is kept', () => {
  it('is added up by kind', () => {
    const total = totalOf([kept('a', 2, 50), kept('b', 3, 20)], 'logs')
    expect(total).toEqual({ rows: 5, bytes: 50, pinned: 2, oldest: 20 })
    expect(totalOf([kept('a', 2, 50)], 'spans').oldest).toBeNull()
  })

  it('leaves out of the services what is not sealed yet', () => {
    const level = { kind: 'metrics' as const, files: 0, rows: 7, bytes: 0, range: null }
    const levels = [
      { ...level, level: 'not sealed yet' },
      { ...level, level: '4 hours' },
    ]
    expect(freshRows(levels, 'metrics')).toBe(7)
    expect(freshRows(levels, 'logs')).toBe(0)
  })
})

describe('limits', () => {
  it('are the same by age and by bytes', () => {
    const limits = { kind: 'logs' as const, age: 86_400e9, bytes: 1e6 }
    expect(sameLimits([limits], [withDays(limits, 1)])).toBe(true)
    expect(sameLimits([limits], [withMegabytes(limits, 2)])).toBe(false)
  })

  it('say what would go and why', () => {
    expect(dropSentence(dropped)).toMatch(/^1\.2k records of shop, 1 MiB, from .* over 1 h: too old$/)
    expect(dropSentence({ ...dropped, service: '', reason: 'size' })).toMatch(/of no service.*beyond the megabytes$/)
    expect(dropTotal({ dropped: [dropped, dropped] } as unknown as RetentionPreview)).toBe('2.4k records (2 MiB)')
    expect(dropTotal({ dropped: [] } as unknown as RetentionPreview)).toBe('')
  })
})

it('writes and reads sizes as people do', () => {
  for (const count of [1, 488, 1500, 20_000, 2_000_000]) expect(readMegabytes(writeMegabytes(count))).toBe(count)
  expect(writeMegabytes(20_000)).toBe('20 GB')
  expect(readMegabytes('1,5 gb')).toBe(1500)
  expect(readMegabytes('250')).toBe(250)
  for (const text of ['', '0', '-3', 'many', '5 kB', '0.1 MB']) expect(readMegabytes(text)).toBeNull()
})
