import type { DataKind, DataLevel, DroppedData, KeptData, KindLimits, RetentionPreview } from '../backend'
import { formatMoment, formatSpan } from '../shared/format'
import { formatCount, formatValue } from '../shared/quantity'

const DAY = 86_400e9
const MEGABYTE = 1e6

/** The kinds of data, in the order they are shown, with what their rows are called. */
export const KINDS: { kind: DataKind; title: string; rows: string; setting: string }[] = [
  { kind: 'metrics', title: 'Metrics', rows: 'points', setting: 'metrics' },
  { kind: 'logs', title: 'Logs', rows: 'records', setting: 'logs' },
  { kind: 'spans', title: 'Traces', rows: 'spans', setting: 'spans' },
]

export const days = (limits: KindLimits): number => limits.age / DAY
export const megabytes = (limits: KindLimits): number => limits.bytes / MEGABYTE
export const withDays = (limits: KindLimits, count: number): KindLimits => ({ ...limits, age: count * DAY })
export const withMegabytes = (limits: KindLimits, count: number): KindLimits => ({ ...limits, bytes: count * MEGABYTE })

export const sameLimits = (one: readonly KindLimits[], other: readonly KindLimits[]): boolean =>
  one.length === other.length &&
  one.every((limits, index) => limits.age === other[index]?.age && limits.bytes === other[index]?.bytes)

/** What there is of one kind, of all services together. */
export interface KindTotal {
  rows: number
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
  const from = `from ${formatMoment(start / 1e6)} over ${formatSpan((end - start) / 1e6)}`
  return `${formatCount(dropped.rows)} ${rows} of ${dropped.service || 'no service'}, ${formatValue(dropped.bytes, 'By')}, ${from}: ${why}`
}

/** What goes altogether: `12.3k points, 4 spans (1.2 MiB)`; empty if nothing does. */
export function dropTotal({ dropped }: RetentionPreview): string {
  const parts = KINDS.map(({ kind, rows }) => {
    const count = dropped.filter((one) => one.kind === kind).reduce((sum, one) => sum + one.rows, 0)
    return count ? `${formatCount(count)} ${rows}` : ''
  }).filter(Boolean)
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
