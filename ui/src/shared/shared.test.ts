import { describe, expect, it } from 'vitest'
import type { SeriesAnswer } from '../backend'
import { formatMatcher, parseMatcher } from './filters.svelte'
import { keyName } from './keyboard.svelte'
import { quoteValue, searchError, withCondition } from './search'
import { chartSeries, shownUnit } from './series'
import { rank, score, type PaletteItem } from './shell/palette'
import { heldOrder, sortRows, toCsv, toText, type Column } from './table'

describe('filters', () => {
  it.each(['service=checkout', 'host!=a', 'http.route=~/api/.*', 'name!~b=c', 'empty='])(
    '%s is read as it is written',
    (text) => {
      const matcher = parseMatcher(text)
      expect(matcher && formatMatcher(matcher)).toBe(text)
    },
  )
  it('without a key or a sign are none', () => {
    expect(parseMatcher('service')).toBeNull()
    expect(parseMatcher('=x')).toBeNull()
  })
})

describe('searches', () => {
  it('say where they failed', () => {
    expect(searchError('search, character 12: expected a value')).toEqual({ at: 11, message: 'expected a value' })
    expect(searchError('the engine is busy')).toBeNull()
  })
  it('grow by conditions', () => {
    expect(withCondition('', 'service', 'a b')).toBe('service="a b"')
    expect(withCondition('timeout', 'service', 'x')).toBe('timeout service=x')
    expect(withCondition('timeout service=x', 'service', 'x')).toBe('timeout service=x')
    expect(withCondition('a OR b', 'k', 'v', true)).toBe('(a OR b) -k=v')
    expect(quoteValue('say "hi"')).toBe('"say \\"hi\\""')
  })
})

describe('the command palette', () => {
  const item = (label: string, group: PaletteItem['group']): PaletteItem => ({
    id: label,
    label,
    group,
    run: () => undefined,
  })
  it('prefers beginnings to middles to scattered letters', () => {
    expect(score('checkout', 'check')).toBeGreaterThan(score('a checkout', 'check'))
    expect(score('a checkout', 'check')).toBeGreaterThan(score('rechecked', 'check'))
    expect(score('rechecked', 'check')).toBeGreaterThan(score('c h e c k', 'check'))
    expect(score('logs', 'xyz')).toBe(0)
  })
  it('shows views and actions before anything is typed, and everything after', () => {
    const items = [item('Logs', 'Views'), item('checkout', 'Services'), item('Pause', 'Actions')]
    expect(rank(items, '').map(({ label }) => label)).toEqual(['Logs', 'Pause'])
    expect(rank(items, 'check').map(({ label }) => label)).toEqual(['checkout'])
  })
})

describe('tables', () => {
  interface Row {
    name: string
    p95: number | null
  }
  const columns: Column<Row>[] = [
    { key: 'name', label: 'Name', width: '1fr', sort: (row) => row.name, text: (row) => row.name },
    { key: 'p95', label: 'p95', width: '1fr', sort: (row) => row.p95, text: (row) => String(row.p95 ?? '') },
  ]
  const rows: Row[] = [
    { name: 'b', p95: 2 },
    { name: 'none', p95: null },
    { name: 'a', p95: 10 },
  ]
  it('sort with what has no value last', () => {
    const names = (descending: boolean) => sortRows(rows, columns, { key: 'p95', descending }).map(({ name }) => name)
    expect(names(false)).toEqual(['b', 'a', 'none'])
    expect(names(true)).toEqual(['a', 'b', 'none'])
  })
  it('are copied as CSV and as text', () => {
    expect(toCsv([{ name: 'say "hi", you', p95: 1 }], columns)).toBe('Name,p95\r\n"say ""hi"", you",1')
    expect(toText([{ name: 'two\nlines', p95: null }], columns)).toBe('Name\tp95\ntwo lines\t')
  })
})

describe('the order of rows under the pointer', () => {
  const self = (row: string) => row
  it('stays, with newcomers at the end', () => {
    expect(heldOrder(['d', 'b', 'a', 'c'], self, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c', 'd'])
    expect(heldOrder(['c', 'a'], self, ['a', 'b', 'c'])).toEqual(['a', 'c'])
  })
  it('is given up when most rows are others', () => {
    expect(heldOrder(['x', 'y', 'a'], self, ['a', 'b'])).toEqual(['x', 'y', 'a'])
  })
})

describe('chart lines', () => {
  it('are named by what tells them apart, with times in milliseconds', () => {
    const answer: SeriesAnswer = {
      unit: 's',
      step: 1e9,
      total_series: 2,
      gaps: [],
      series: [
        { labels: {}, times: [1e15], values: [1] },
        { labels: { route: '/a', host: 'x' }, times: [2e15], values: [Number.NaN] },
      ],
    }
    const lines = chartSeries(answer, 'up')
    expect(lines.map(({ name }) => name)).toEqual(['up', 'route=/a, host=x'])
    expect(lines[1]).toMatchObject({ times: [2e9], values: [null] })
    expect(shownUnit('system.cpu.utilization', '1')).toBe('ratio')
    expect(shownUnit('requests', '1')).toBe('1')
  })
})

describe('keys', () => {
  it('have one name each', () => {
    const event = { ctrlKey: false, metaKey: false, altKey: false }
    expect(keyName({ ...event, key: 'K', metaKey: true })).toBe('mod+k')
    expect(keyName({ ...event, key: '?' })).toBe('?')
    expect(keyName({ ...event, key: 'Escape' })).toBe('escape')
  })
})
