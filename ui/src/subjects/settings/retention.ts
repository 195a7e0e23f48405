import type {
  DataResolution,
  DataKind,
  DataLevel,
  DroppedData,
  StoredData,
  RetentionLimits,
  RetentionPreview,
} from '@/backend'
import { formatTime, formatSpan } from '@/format'
import { formatCount, formatValue } from '@/format'

const DAY = 86_400e9
const MEGABYTE = 1e6

/** The kinds of data in display order, with the name of their rows. */
export const KINDS: { kind: DataKind; title: string; rows: string; setting: string }[] = [
  { kind: 'metrics', title: 'Metrics', rows: 'points', setting: 'metrics' },
  { kind: 'logs', title: 'Logs', rows: 'records', setting: 'logs' },
  { kind: 'spans', title: 'Traces', rows: 'spans', setting: 'spans' },
]

/** The resolutions of metrics with separate ages, finest first, with their settings. */
export const DETAILS: { detail: DataResolution; title: string; setting: string }[] = [
  { detail: 'points', title: 'raw', setting: 'metrics_days' },
  { detail: 'minutes', title: '1-min', setting: 'metrics_minutes_days' },
  { detail: 'hours', title: '1-h', setting: 'metrics_hours_days' },
]

const AGES = { points: 'age', minutes: 'minutes_age', hours: 'hours_age' } as const

/** Returns the days of a resolution; null if the kind has no such age. */
export function days(limits: RetentionLimits, detail: DataResolution = 'points'): number | null {
  const age = limits[AGES[detail]]
  return age === null ? null : age / DAY
}

/** Returns the name of roll-ups of a resolution: `1-min roll-ups`. */
const rollupName = (detail: DataResolution): string =>
  `${DETAILS.find((one) => one.detail === detail)?.title ?? detail} roll-ups`

export const megabytes = (limits: RetentionLimits): number => limits.bytes / MEGABYTE
/** Changes the days of a resolution. Coarser data stays at least as long, finer data at most. */
export function withDays(limits: RetentionLimits, count: number, detail: DataResolution = 'points'): RetentionLimits {
  const position = DETAILS.findIndex((one) => one.detail === detail)
  const fit = (one: DataResolution, old: number | null) => {
    if (old === null) return null
    const other = DETAILS.findIndex(({ detail }) => detail === one)
    if (other === position) return count * DAY
    return other > position ? Math.max(old, count * DAY) : Math.min(old, count * DAY)
  }
  return {
    ...limits,
    age: fit('points', limits.age) ?? limits.age,
    minutes_age: fit('minutes', limits.minutes_age),
    hours_age: fit('hours', limits.hours_age),
  }
}

/** A setting to change. */
export interface Change {
  key: string
  value: number
}

/**
 * Returns the settings to change, in an order that never retains coarser data shorter than finer
 * data.
 */
export function changes(before: readonly RetentionLimits[], after: readonly RetentionLimits[]): Change[] {
  const longer: Change[] = []
  const shorter: Change[] = []
  for (const limits of after) {
    const old = before.find(({ kind }) => kind === limits.kind)
    const name = KINDS.find(({ kind }) => kind === limits.kind)?.setting ?? limits.kind
    for (const { detail, setting } of DETAILS) {
      const value = days(limits, detail)
      const was = old ? days(old, detail) : null
      if (value === null || value === was) continue
      const key = `retention.${detail === 'points' ? `${name}_days` : setting}`
      if (was !== null && value > was) longer.unshift({ key, value })
      else shorter.push({ key, value })
    }
    if (limits.bytes !== old?.bytes) shorter.push({ key: `retention.${name}_megabytes`, value: megabytes(limits) })
  }
  return [...longer, ...shorter]
}
export const withMegabytes = (limits: RetentionLimits, count: number): RetentionLimits => ({
  ...limits,
  bytes: count * MEGABYTE,
})

export const sameLimits = (one: readonly RetentionLimits[], other: readonly RetentionLimits[]): boolean =>
  one.length === other.length &&
  one.every((limits, index) => {
    const others = other[index]
    const same = (read: (limits: RetentionLimits) => number | null) =>
      others !== undefined && read(limits) === read(others)
    return same(({ bytes }) => bytes) && DETAILS.every(({ detail }) => same((limits) => days(limits, detail)))
  })

/** The stored data of a kind, over all services. */
export interface KindTotal {
  rows: number
  /** Number of 1-minute and 1-hour roll-ups. */
  steps: number
  bytes: number
  pinned: number
  /** Time of the oldest data in nanoseconds; null without data. */
  oldest: number | null
}

export function totalOf(stored: readonly StoredData[], kind: DataKind): KindTotal {
  const ofKind = stored.filter((one) => one.kind === kind)
  const sum = (read: (one: StoredData) => number) => ofKind.reduce((all, one) => all + read(one), 0)
  return {
    rows: sum((one) => one.rows),
    steps: sum((one) => one.rollup_rows),
    bytes: sum((one) => one.bytes),
    pinned: sum((one) => one.pinned_rows),
    oldest: ofKind.length ? Math.min(...ofKind.map((one) => one.range.start)) : null,
  }
}

/**
 * Counts the unsealed rows of a kind. They are not counted by service, and no limit deletes them.
 */
export const unsealedRows = (levels: readonly DataLevel[], kind: DataKind): number =>
  levels.filter((one) => one.kind === kind && one.level === 'not sealed yet').reduce((sum, one) => sum + one.rows, 0)

/**
 * Describes deleted data: `12.3k points of checkout, 1.2 MiB, from 3 Nov, 10:00 over 2 d: too old`.
 */
export function dropSentence(dropped: DroppedData): string {
  const rows = KINDS.find(({ kind }) => kind === dropped.kind)?.rows ?? 'rows'
  const { start, end } = dropped.range
  const reason = dropped.reason === 'age' ? 'too old' : 'over the size limit'
  const steps = dropped.rollup_rows ? [`${formatCount(dropped.rollup_rows)} ${rollupName(dropped.tier)}`] : []
  const what = [...(dropped.rows || !steps.length ? [`${formatCount(dropped.rows)} ${rows}`] : []), ...steps]
  const from = `from ${formatTime(start / 1e6)} over ${formatSpan((end - start) / 1e6)}`
  return `${what.join(' and ')} of ${dropped.service || 'no service'}, ${formatValue(dropped.bytes, 'By')}, ${from}: ${reason}`
}

/** Sums up deleted data: `12.3k points, 4 spans (1.2 MiB)`; empty if there is none. */
export function dropTotal({ dropped }: RetentionPreview): string {
  const counted = (count: number, rows: string) => (count ? [`${formatCount(count)} ${rows}`] : [])
  const parts = KINDS.flatMap(({ kind, rows }) => {
    const ofKind = dropped.filter((one) => one.kind === kind)
    const steps = DETAILS.flatMap(({ detail }) =>
      counted(
        ofKind.filter((one) => one.tier === detail).reduce((sum, one) => sum + one.rollup_rows, 0),
        rollupName(detail),
      ),
    )
    const count = ofKind.reduce((sum, one) => sum + one.rows, 0)
    return [...counted(count, rows), ...steps]
  })
  const bytes = dropped.reduce((sum, one) => sum + one.bytes, 0)
  return parts.length ? `${parts.join(', ')} (${formatValue(bytes, 'By')})` : ''
}

/** Writes megabytes: `20 GB`, `1500 MB`. */
export const writeMegabytes = (count: number): string =>
  count >= 1000 && count % 1000 === 0 ? `${count / 1000} GB` : `${count} MB`

/** Parses a size to megabytes, at least one; null if it is no size. */
export function readMegabytes(text: string): number | null {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*(m|mb|g|gb|t|tb)?\s*$/i.exec(text)
  const factor = { g: 1e3, t: 1e6 }[match?.[2]?.[0]?.toLowerCase() ?? ''] ?? 1
  const count = Math.round(Number(match?.[1]?.replace(',', '.')) * factor)
  return count >= 1 ? count : null
}
