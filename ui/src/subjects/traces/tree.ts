import type { SpanRow } from '@/backend'

/** A span with its position in the trace. */
export interface TreeSpan {
  span: SpanRow
  /** Index among all spans of the trace, unique even where identifiers repeat. */
  index: number
  depth: number
  /** Indexes of its children in order of start. */
  children: number[]
  /** Index of its parent; -1 for a root. */
  parent: number
  /** Number of spans below it, at any depth. */
  descendants: number
  /** Nanoseconds in which no child ran. */
  selfTime: number
  /** Reason that it is a root although it names a parent. */
  oddity: 'orphan' | 'loop' | null
}

/** Spans as a tree. Spans with unknown parents or in loops of parents become roots. */
export interface SpanTree {
  spans: TreeSpan[]
  /** Indexes in depth-first order. */
  order: number[]
  roots: number[]
  /** Duration of the trace in nanoseconds, at least 1. */
  duration: number
}

/** Builds the tree without recursion: a trace may be 10,000 spans deep. */
export function buildTree(rows: readonly SpanRow[]): SpanTree {
  const indexes = new Map<string, number>()
  rows.forEach((row, index) => {
    if (!indexes.has(row.span_id)) indexes.set(row.span_id, index)
  })
  const spans: TreeSpan[] = rows.map((span, index) => ({
    span,
    index,
    depth: 0,
    children: [],
    parent: -1,
    descendants: 0,
    selfTime: span.duration,
    oddity: null,
  }))
  const roots: number[] = []
  for (const node of spans) {
    const wanted = node.span.parent_span_id
    const parent = wanted === null ? undefined : indexes.get(wanted)
    if (parent !== undefined && parent !== node.index) {
      node.parent = parent
      spans[parent]?.children.push(node.index)
    } else {
      if (wanted !== null) node.oddity = parent === node.index ? 'loop' : 'orphan'
      roots.push(node.index)
    }
  }
  const byStart = (a: number, b: number) => offsetOf(spans, a) - offsetOf(spans, b) || a - b
  for (const node of spans) node.children.sort(byStart)

  const visited = new Uint8Array(rows.length)
  const order: number[] = []
  roots.sort(byStart)
  for (const root of roots) walk(spans, root, visited, order)
  // Spans that no root reaches are in a loop, which is cut at its earliest span.
  const rest = spans.filter((node) => !visited[node.index]).map((node) => node.index)
  for (const index of rest.sort(byStart)) {
    const node = spans[index]
    if (!node || visited[index]) continue
    const parent = spans[node.parent]
    if (parent) parent.children = parent.children.filter((child) => child !== index)
    node.parent = -1
    node.oddity = 'loop'
    roots.push(index)
    walk(spans, index, visited, order)
  }
  for (const index of order.toReversed()) settle(spans, index)
  const duration = rows.reduce((longest, { offset, duration: length }) => Math.max(longest, offset + length), 1)
  return { spans, order, roots, duration }
}

const offsetOf = (spans: readonly TreeSpan[], index: number) => spans[index]?.span.offset ?? 0

function walk(spans: TreeSpan[], root: number, visited: Uint8Array, order: number[]) {
  const stack = [root]
  while (stack.length) {
    const index = stack.pop()
    const node = index === undefined ? undefined : spans[index]
    if (!node || visited[node.index]) continue
    visited[node.index] = 1
    node.depth = node.parent < 0 ? 0 : (spans[node.parent]?.depth ?? -1) + 1
    order.push(node.index)
    for (const child of node.children.toReversed()) if (!visited[child]) stack.push(child)
  }
}

/** Counts the descendants and the self time of spans; children come before parents. */
function settle(spans: TreeSpan[], index: number) {
  const node = spans[index]
  if (!node) return
  const end = node.span.offset + node.span.duration
  let covered = 0
  let until = node.span.offset
  for (const childIndex of node.children) {
    const child = spans[childIndex]
    if (!child) continue
    node.descendants += child.descendants + 1
    const from = Math.max(until, Math.min(child.span.offset, end))
    const to = Math.min(child.span.offset + child.span.duration, end)
    if (to > from) {
      covered += to - from
      until = to
    }
  }
  node.selfTime = Math.max(0, node.span.duration - covered)
}

/** Returns the visible rows: depth-first, without the descendants of collapsed spans. */
export function visibleRows(tree: SpanTree, collapsed: ReadonlySet<number>): TreeSpan[] {
  const rows: TreeSpan[] = []
  let skip = 0
  for (const index of tree.order) {
    if (skip > 0) {
      skip -= 1
      continue
    }
    const node = tree.spans[index]
    if (!node) continue
    rows.push(node)
    if (collapsed.has(index)) skip = node.descendants
  }
  return rows
}

/** Returns the indexes of the ancestors of a span. */
export function ancestors(tree: SpanTree, index: number): number[] {
  const found: number[] = []
  for (let at = tree.spans[index]?.parent ?? -1; at >= 0; at = tree.spans[at]?.parent ?? -1) found.push(at)
  return found
}

/**
 * Returns the indexes of matching spans in row order. Name, service, message, attributes and events
 * match a text in any case.
 */
export function searchTrace(tree: SpanTree, text: string): number[] {
  const wanted = text.trim().toLowerCase()
  if (!wanted) return []
  return tree.order.filter((index) => {
    const span = tree.spans[index]?.span
    if (!span) return false
    if (`${span.name}\n${span.service}\n${span.status_message}\n${span.span_id}`.toLowerCase().includes(wanted))
      return true
    return JSON.stringify([span.attributes, span.events]).toLowerCase().includes(wanted)
  })
}

/** Returns about `count` round times for a ruler from `from` to `to`, in nanoseconds. */
export function ticks(from: number, to: number, count: number): number[] {
  const length = to - from
  if (length <= 0) return [from]
  const rough = length / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const found: number[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at)
  return found
}
