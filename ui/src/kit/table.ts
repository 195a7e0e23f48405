/** A column of a `Table`. */
export interface Column<Row> {
  key: string
  label: string
  /** A CSS grid track, such as `120px` or `minmax(120px, 2fr)`. */
  width: string
  numeric?: boolean
  /** What the column is sorted by; a column without it cannot be sorted. */
  sort?: (row: Row) => number | string | null | undefined
  /** The cell as text, for copying; also shown if the table has no own cells. */
  text: (row: Row) => string
  /** Whether it is hidden until chosen. */
  optional?: boolean
}

export interface Sorting {
  key: string
  descending: boolean
}

/** The least width in pixels that tracks such as `72px` or `minmax(110px, 1fr)` need with `gap` between them. */
export function leastWidth(tracks: readonly string[], gap: number): number {
  const least = tracks.map((track) => Number(/(\d+)px/.exec(track)?.[1] ?? 60))
  return least.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, tracks.length - 1)
}

/** Rows in order; rows without a value come last in either direction. The order of equal rows is kept. */
export function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sorting: Sorting | null): Row[] {
  const value = columns.find((column) => column.key === sorting?.key)?.sort
  if (!value || !sorting) return [...rows]
  const direction = sorting.descending ? -1 : 1
  return [...rows].sort((left, right) => {
    const a = value(left)
    const b = value(right)
    const missing = (one: unknown) => one === null || one === undefined || Number.isNaN(one)
    if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b))
    if (typeof a === 'number' && typeof b === 'number') return (a - b) * direction
    return String(a).localeCompare(String(b)) * direction
  })
}

/**
 * Rows in the order their keys had before, those that were not there at the end: nothing moves under the pointer. The
 * rows as they are if most of them are others.
 */
export function heldOrder<Row>(rows: readonly Row[], keyOf: (row: Row) => string, order: readonly string[]): Row[] {
  const places = new Map(order.map((key, place) => [key, place]))
  const known = rows.filter((row) => places.has(keyOf(row)))
  if (known.length * 2 < rows.length) return [...rows]
  const place = (row: Row) => places.get(keyOf(row)) ?? order.length
  return [...rows].sort((left, right) => place(left) - place(right))
}

const csvField = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** Rows as CSV with a header line (RFC 4180). */
export function toCsv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const lines = rows.map((row) => columns.map((column) => csvField(column.text(row))).join(','))
  return [columns.map((column) => csvField(column.label)).join(','), ...lines].join('\r\n')
}

/** Rows as text with tabs between, as spreadsheets paste it. */
export function toText<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const flat = (text: string) => text.replaceAll(/[\t\r\n]+/g, ' ')
  const lines = rows.map((row) => columns.map((column) => flat(column.text(row))).join('\t'))
  return [columns.map((column) => column.label).join('\t'), ...lines].join('\n')
}
