import { describe, expect, it } from 'vitest'
import type { SpanRow } from '@/backend'
import { durationTicks, tickWords } from './duration'
import { ancestors, buildTree, searchTrace, ticks, visibleRows } from './tree'

const span = (id: string, parent: string | null, offset = 0, duration = 10): SpanRow => ({
  span_id: id,
  parent_span_id: parent,
  name: `operation ${id}`,
  service: 'checkout',
  kind: 'internal',
  start: offset,
  offset,
  duration,
  status: 'unset',
  status_message: '',
  attributes: {},
  resource: {},
  scope: '',
  scope_version: '',
  trace_state: '',
  flags: 0,
  events: [],
  links: [],
})
const ids = (rows: { span: SpanRow }[]) => rows.map(({ span: { span_id } }) => span_id)
const all = new Set<number>()

describe('buildTree', () => {
  it('orders children below their parent by start', () => {
    const tree = buildTree([span('a', null), span('c', 'a', 5), span('b', 'a', 1), span('d', 'b', 2)])
    expect(ids(visibleRows(tree, all))).toEqual(['a', 'b', 'd', 'c'])
    expect(visibleRows(tree, all).map(({ depth }) => depth)).toEqual([0, 1, 2, 1])
    expect(tree.spans[0]?.descendants).toBe(3)
  })

  it('retains spans whose parent is missing', () => {
    const tree = buildTree([span('a', null), span('b', 'gone', 3)])
    expect(ids(visibleRows(tree, all))).toEqual(['a', 'b'])
    expect(tree.spans[1]?.oddity).toBe('orphan')
  })

  it('cuts loops of parents and shows every span once', () => {
    const tree = buildTree([
      span('a', 'c', 1),
      span('b', 'a', 2),
      span('c', 'b', 3),
      span('self', 'self', 4),
      span('leaf', 'c', 5),
    ])
    expect(ids(visibleRows(tree, all)).sort()).toEqual(['a', 'b', 'c', 'leaf', 'self'])
    expect(tree.spans[0]?.oddity).toBe('loop')
    expect(tree.spans[3]?.oddity).toBe('loop')
    expect(tree.spans[0]?.descendants).toBe(3)
  })

  it('retains spans that share an identifier', () => {
    const tree = buildTree([span('a', null), span('a', null, 1), span('b', 'a', 2)])
    expect(visibleRows(tree, all)).toHaveLength(3)
  })

  it('builds a chain of 10,000 spans', () => {
    const chain = Array.from({ length: 10_000 }, (_, index) => span(`${index}`, index ? `${index - 1}` : null, index))
    const tree = buildTree(chain)
    expect(tree.spans[0]?.descendants).toBe(9999)
    expect(visibleRows(tree, new Set([10]))).toHaveLength(11)
    expect(ancestors(tree, 9999)).toHaveLength(9999)
  })

  it('counts time of overlapping children once', () => {
    const tree = buildTree([
      span('a', null, 0, 100),
      span('b', 'a', 10, 30),
      span('c', 'a', 20, 40),
      span('d', 'a', 90, 50),
    ])
    expect(tree.spans[0]?.selfTime).toBe(100 - 50 - 10)
  })
})

describe('searchTrace', () => {
  it('finds text in names and attributes in any case', () => {
    const rows = [span('a', null), { ...span('b', 'a'), attributes: { 'db.statement': 'SELECT orders' } }]
    expect(searchTrace(buildTree(rows), 'select')).toEqual([1])
    expect(searchTrace(buildTree(rows), 'OPERATION A')).toEqual([0])
    expect(searchTrace(buildTree(rows), ' ')).toEqual([])
  })
})

describe('ticks', () => {
  it('are round and in the range', () => {
    expect(ticks(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100])
    expect(ticks(130, 420, 4)).toEqual([200, 300, 400])
  })
})

describe('durations on an axis', () => {
  const words = (low: number, high: number) => durationTicks(low, high, 4).map(tickWords)
  it('are in common units', () => {
    expect(words(3.54e6, 1.31e9)).toEqual(['10 ms', '100 ms', '1 s'])
    expect(words(1.5e6, 3e7)).toEqual(['2 ms', '5 ms', '10 ms', '20 ms'])
    expect(words(9e6, 9e8)).toEqual(['10 ms', '100 ms'])
    expect(words(5e8, 2e11)).toEqual(['1 s', '10 s', '1 min'])
    expect(words(2e9, 9e12)).toEqual(['10 s', '1 min', '10 min', '1 h'])
    expect(words(1e3, 1e10)).toEqual(['1 µs', '100 µs', '10 ms', '1 s'])
    expect(words(3e14, 3e14)).toEqual([])
  })
})
