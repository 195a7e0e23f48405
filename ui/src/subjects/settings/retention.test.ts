import { describe, expect, it } from 'vitest'
import type { DroppedData, StoredData, RetentionPreview } from '@/backend'
import {
  changes,
  dropSentence,
  dropTotal,
  unsealedRows,
  readMegabytes,
  sameLimits,
  totalOf,
  withDays,
  withMegabytes,
  writeMegabytes,
} from './retention'

const stored = (service: string, rows: number, start: number): StoredData => ({
  kind: 'logs',
  service,
  tier: 'points',
  rows,
  rollup_rows: 0,
  bytes: rows * 10,
  pinned_rows: 1,
  range: { start, end: start + 1e9 },
})
const dropped: DroppedData = {
  kind: 'logs',
  service: 'shop',
  tier: 'points',
  rows: 1200,
  rollup_rows: 0,
  bytes: 2 ** 20,
  range: { start: 0, end: 3600e9 },
  reason: 'age',
}

describe('stored data', () => {
  it('is summed by kind', () => {
    const total = totalOf([stored('a', 2, 50), stored('b', 3, 20)], 'logs')
    expect(total).toEqual({ rows: 5, steps: 0, bytes: 50, pinned: 2, oldest: 20 })
    expect(totalOf([stored('a', 2, 50)], 'spans').oldest).toBeNull()
  })

  it('is not counted by service before it is sealed', () => {
    const level = { kind: 'metrics' as const, files: 0, rows: 7, bytes: 0, range: null }
    const levels = [
      { ...level, level: 'not sealed yet' },
      { ...level, level: '4 hours' },
    ]
    expect(unsealedRows(levels, 'metrics')).toBe(7)
    expect(unsealedRows(levels, 'logs')).toBe(0)
  })
})

describe('limits', () => {
  it('are compared by age and by bytes', () => {
    const limits = { kind: 'logs' as const, age: 86_400e9, minutes_age: null, hours_age: null, bytes: 1e6 }
    expect(sameLimits([limits], [withDays(limits, 1)])).toBe(true)
    expect(sameLimits([limits], [withMegabytes(limits, 2)])).toBe(false)
  })

  const DAY = 86_400e9
  const metrics = { kind: 'metrics' as const, age: 60 * DAY, minutes_age: 400 * DAY, hours_age: 1100 * DAY, bytes: 1e9 }

  it('retain coarser data at least as long as finer data', () => {
    expect(withDays(metrics, 500)).toMatchObject({ age: 500 * DAY, minutes_age: 500 * DAY, hours_age: 1100 * DAY })
    expect(withDays(metrics, 30, 'hours')).toMatchObject({ age: 30 * DAY, minutes_age: 30 * DAY, hours_age: 30 * DAY })
    expect(withDays(metrics, 1)).toMatchObject({ age: DAY, minutes_age: 400 * DAY })
    expect(sameLimits([metrics], [withDays(metrics, 401, 'minutes')])).toBe(false)
  })

  it('are changed in an order in which each step is valid', () => {
    const keys = (after: typeof metrics) => changes([metrics], [after]).map(({ key }) => key)
    const ages = ['retention.metrics_days', 'retention.metrics_minutes_days', 'retention.metrics_hours_days']
    expect(keys({ ...metrics, age: 5, minutes_age: 5, hours_age: 5 })).toEqual(ages)
    expect(keys(withDays(metrics, 2000) as typeof metrics)).toEqual([...ages].reverse())
    expect(changes([metrics], [{ ...metrics, bytes: 2e9 }])).toEqual([
      { key: 'retention.metrics_megabytes', value: 2000 },
    ])
  })

  it('distinguish points from their roll-ups', () => {
    const hours = { ...dropped, kind: 'metrics' as const, tier: 'hours' as const, rows: 0, rollup_rows: 7 }
    expect(dropSentence(hours)).toMatch(/^7 1-h roll-ups of shop/)
    expect(dropSentence({ ...hours, rows: 3 })).toMatch(/^3 points and 7 1-h roll-ups of shop/)
    expect(
      dropTotal({ dropped: [hours, { ...hours, rows: 3, rollup_rows: 0 }] } as unknown as RetentionPreview),
    ).toMatch(/^3 points, 7 1-h roll-ups/)
  })

  it('list the deleted data with the reason', () => {
    expect(dropSentence(dropped)).toMatch(/^1\.2k records of shop, 1 MiB, from .* over 1 h: too old$/)
    expect(dropSentence({ ...dropped, service: '', reason: 'size' })).toMatch(/of no service.*over the size limit$/)
    expect(dropTotal({ dropped: [dropped, dropped] } as unknown as RetentionPreview)).toBe('2.4k records (2 MiB)')
    expect(dropTotal({ dropped: [] } as unknown as RetentionPreview)).toBe('')
  })
})

it('writes and parses sizes', () => {
  for (const count of [1, 488, 1500, 20_000, 2_000_000]) expect(readMegabytes(writeMegabytes(count))).toBe(count)
  expect(writeMegabytes(20_000)).toBe('20 GB')
  expect(readMegabytes('1,5 gb')).toBe(1500)
  expect(readMegabytes('250')).toBe(250)
  for (const text of ['', '0', '-3', 'many', '5 kB', '0.1 MB']) expect(readMegabytes(text)).toBeNull()
})
