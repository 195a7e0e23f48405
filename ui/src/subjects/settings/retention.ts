import type { DataDetail, DataKind, DataLevel, DroppedData, KeptData, KindLimits, RetentionPreview } from '@/backend'
import { formatMoment, formatSpan } from '@/format'
import { formatCount, formatValue } from '@/format'

const DAY = 86_400e9
const MEGABYTE = 1e6

/** The kinds of data, in the order they are shown, with what their rows are called. */
export const KINDS: { kind: DataKind; title: string; rows: string; setting: string }[] = [
  { kind: 'metrics', title: 'Metrics', rows: 'points', setting: 'metrics' },
  { kind: 'logs', title: 'Logs', rows: 'records', setting: 'logs' },
  { kind: 'spans', title: 'Traces', rows: 'spans', setting: 'spans' },
]

/** What of metrics has an age of its own, finest first, with the settings of these ages. */
export const DETAILS: { detail: DataDetail; title: string; setting: string }[] = [
  { detail: 'points', title: 'points', setting: 'metrics_days' },
  { detail: 'minutes', title: 'minutes', setting: 'metrics_minutes_days' },
  { detail: 'hours', title: 'hours', setting: 'metrics_hours_days' },
]

const AGES = { points: 'age', minutes: 'minutes_age', hours: 'hours_age' } as const

/** Days of a detail; null if the kind has no such age. */
export function days(limits: KindLimits, detail: DataDetail = 'points'): number | null {
  const age = limits[AGES[detail]]
  return age === null ? null : age / DAY
}
export const megabytes = (limits: KindLimits): number => limits.bytes / MEGABYTE
/** The limits with other days of a detail: coarser data stay no shorter and finer data no longer. */
export function withDays(limits: KindLimits, count: number, detail: DataDetail = 'points'): KindLimits {
  const place = DETAILS.findIndex((one) => one.detail === detail)
  const fit = (one: DataDetail, old: number | null) => {
    if (old === null) return null
    const other = DETAILS.findIndex(({ detail }) => detail === one)
    if (other === place) return count * DAY
    return other > place ? Math.max(old, count * DAY) : Math.min(old, count * DAY)
  }
  return {
    ...limits,
    age: fit('points', limits.age) ?? limits.age,
    minutes_age: fit('minutes', limits.minutes_age),
    hours_age: fit('hours', limits.hours_age),
  }
}

/** One setting to be changed. */
export interface Change {
  key: string
  value: number
}

/** What to change of the settings, in an order in which minutes are never kept shorter than points nor hours than minutes. */
export function changes(before: readonly KindLimits[], after: readonly KindLimits[]): Change[] {
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
export const withMegabytes = (limits: KindLimits, count: number): KindLimits => ({ ...limits, bytes: count * MEGABYTE })

export const sameLimits = (one: readonly KindLimits[], other: readonly KindLimits[]): boolean =>
  one.length === other.length &&
  one.every((limits, index) => {
    const others = other[index]
    const same = (read: (limits: KindLimits) => number | null) => others !== undefined && read(limits) === read(others)
    return same(({ bytes }) => bytes) && DETAILS.every(({ detail }) => same((limits) => days(limits, detail)))
  })

/** What there is of one kind, of all services together. */
export interface KindTotal {
  rows: number
  /** Minutes and hours that points come to. */
  steps: number
  bytes: number
  pinned: number
  /** Time of the oldest in nanoseconds; null if there is nothing. */
  oldest: number | null
}

export function totalOf(kept: readonly KeptData[], kind: DataKind): KindTotal {
  const own = kept.filter((one) => one.kind === kind)
  const sum = (read: (one: KeptData) => number) => own.reduce((all, one) => all + read(one), 0)
  return {
    rows: sum((one) => one.rows),
    steps: sum((one) => one.steps),
    bytes: sum((one) => one.bytes),
    pinned: sum((one) => one.pinned_rows),
    oldest: own.length ? Math.min(...own.map((one) => one.range.start)) : null,
  }
}

/** Rows of a kind that came lately: they are not counted by service before they are sealed, and no limit takes them. */
export const freshRows = (levels: readonly DataLevel[], kind: DataKind): number =>
  levels.filter((one) => one.kind === kind && one.level === 'not sealed yet').reduce((sum, one) => sum + one.rows, 0)

/** What goes in one line: `12.3k points of checkout, 1.2 MiB, from 3 Nov, 10:00 over 2 d: too old`. */
export function dropSentence(dropped: DroppedData): string {
  const rows = KINDS.find(({ kind }) => kind === dropped.kind)?.rows ?? 'rows'
  const { start, end } = dropped.range
  const why = dropped.reason === 'age' ? 'too old' : 'beyond the megabytes'
  const steps = dropped.steps ? [`${formatCount(dropped.steps)} ${dropped.detail}`] : []
  const what = [...(dropped.rows || !steps.length ? [`${formatCount(dropped.rows)} ${rows}`] : []), ...steps]
  const from = `from ${formatMoment(start / 1e6)} over ${formatSpan((end - start) / 1e6)}`
  return `${what.join(' and ')} of ${dropped.service || 'no service'}, ${formatValue(dropped.bytes, 'By')}, ${from}: ${why}`
}

/** What goes altogether: `12.3k points, 4 spans (1.2 MiB)`; empty if nothing does. */
export function dropTotal({ dropped }: RetentionPreview): string {
  const told = (count: number, rows: string) => (count ? [`${formatCount(count)} ${rows}`] : [])
  const parts = KINDS.flatMap(({ kind, rows }) => {
    const own = dropped.filter((one) => one.kind === kind)
    const steps = DETAILS.flatMap(({ detail, title }) =>
      told(
        own.filter((one) => one.detail === detail).reduce((sum, one) => sum + one.steps, 0),
        title,
      ),
    )
    const count = own.reduce((sum, one) => sum + one.rows, 0)
    return [...told(count, rows), ...steps]
  })
  const bytes = dropped.reduce((sum, one) => sum + one.bytes, 0)
  return parts.length ? `${parts.join(', ')} (${formatValue(bytes, 'By')})` : ''
}

/** Megabytes as they are written: `20 GB`, `1500 MB`. */
export const writeMegabytes = (count: number): string =>
  count >= 1000 && count % 1000 === 0 ? `${count / 1000} GB` : `${count} MB`

/** What was typed as megabytes, of which there is at least one; null if it is no size. */
export function readMegabytes(text: string): number | null {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*(m|mb|g|gb|t|tb)?\s*$/i.exec(text)
  const factor = { g: 1e3, t: 1e6 }[match?.[2]?.[0]?.toLowerCase() ?? ''] ?? 1
  const count = Math.round(Number(match?.[1]?.replace(',', '.')) * factor)
  return count >= 1 ? count : null
}
