/** A column of a `Table`. */
export interface Column<Row> {
  key: string
  label: string
  /** A CSS grid track, such as `120px` or `minmax(120px, 2fr)`. */
  width: string
  numeric?: boolean
  /** Returns the sort key; `'text'` sorts by the text. A column without it cannot be sorted. */
  sort?: 'text' | ((row: Row) => number | string | null | undefined)
  /** Returns the cell as text, for copying and for tables without a cell snippet. */
  text: (row: Row) => string
  /** True if the column is hidden by default. */
  optional?: boolean
}

export interface Sorting {
  key: string
  descending: boolean
}

/**
 * Returns the minimum width in pixels of tracks such as `72px` or `minmax(110px, 1fr)` with gaps.
 */
export function minWidth(tracks: readonly string[], gap: number): number {
  const widths = tracks.map((track) => Number(/(\d+)px/.exec(track)?.[1] ?? 60))
  return widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, tracks.length - 1)
}

/** Sorts rows stably; rows without a value come last in either direction. */
export function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], sorting: Sorting | null): Row[] {
  const column = columns.find((column) => column.key === sorting?.key)
  const value = column?.sort === 'text' ? column.text : column?.sort
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
 * Returns rows in the earlier order of their keys with new rows at the end, so that nothing moves
 * under the pointer. Returns them unchanged if most of them are new.
 */
export function stableOrder<Row>(rows: readonly Row[], keyOf: (row: Row) => string, order: readonly string[]): Row[] {
  const positions = new Map(order.map((key, position) => [key, position]))
  const known = rows.filter((row) => positions.has(keyOf(row)))
  if (known.length * 2 < rows.length) return [...rows]
  const position = (row: Row) => positions.get(keyOf(row)) ?? order.length
  return [...rows].sort((left, right) => position(left) - position(right))
}

const csvField = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const FORMULA = /^[=+\-@\t\r]/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/**
 * Returns the text of a cell so that a spreadsheet does not run it as a formula: with an apostrophe
 * before it, as in the engine's exports. Numbers stay numbers.
 */
const withoutFormula = (text: string): string => (FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text)

/**
 * Writes rows as CSV with a header line (RFC 4180). `raw` leaves texts that a spreadsheet would run
 * as formulas as they are.
 */
export function toCsv<Row>(rows: readonly Row[], columns: readonly Column<Row>[], raw = false): string {
  const cell = (text: string) => csvField(raw ? text : withoutFormula(text))
  const lines = rows.map((row) => columns.map((column) => cell(column.text(row))).join(','))
  return [columns.map((column) => csvField(column.label)).join(','), ...lines].join('\r\n')
}

/** Writes rows as tab-separated text, as spreadsheets paste it. No cell is a formula. */
export function toText<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const flat = (text: string) => withoutFormula(text.replaceAll(/[\t\r\n]+/g, ' '))
  const lines = rows.map((row) => columns.map((column) => flat(column.text(row))).join('\t'))
  return [columns.map((column) => column.label).join('\t'), ...lines].join('\n')
}
