import { describe, expect, it } from 'vitest'
import { stableOrder, sortRows, toCsv, toText, type Column } from './table'

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
  it('sort rows without a value last', () => {
    const names = (descending: boolean) => sortRows(rows, columns, { key: 'p95', descending }).map(({ name }) => name)
    expect(names(false)).toEqual(['b', 'a', 'none'])
    expect(names(true)).toEqual(['a', 'b', 'none'])
  })
  it('are copied as CSV and as text', () => {
    expect(toCsv([{ name: 'say "hi", you', p95: 1 }], columns)).toBe('Name,p95\r\n"say ""hi"", you",1')
    expect(toText([{ name: 'two\nlines', p95: null }], columns)).toBe('Name\tp95\ntwo lines\t')
  })
  it('are copied without formulas, unless raw', () => {
    const attacks = ['=HYPERLINK("http://evil")', '+1+cmd', '-1+cmd', '@SUM(A1)', '\t=1', '\r=1']
    for (const name of attacks) {
      const safe = toCsv([{ name, p95: -1.5 }], columns).slice('Name,p95\r\n'.length)
      expect(safe.replace(/^"/, '').startsWith("'")).toBe(true)
      expect(safe.endsWith(',-1.5')).toBe(true)
      expect(toCsv([{ name, p95: 1 }], columns, true)).not.toContain("'")
      expect(toText([{ name, p95: 1 }], columns).split('\n')[1]).toMatch(/^('| =)/)
    }
    expect(toCsv([{ name: 'GET /a=b', p95: null }], columns)).toBe('Name,p95\r\nGET /a=b,')
  })
})

describe('the order of rows under the pointer', () => {
  const self = (row: string) => row
  it('stays, with new rows at the end', () => {
    expect(stableOrder(['d', 'b', 'a', 'c'], self, ['a', 'b', 'c'])).toEqual(['a', 'b', 'c', 'd'])
    expect(stableOrder(['c', 'a'], self, ['a', 'b', 'c'])).toEqual(['a', 'c'])
  })
  it('is dropped when most rows are new', () => {
    expect(stableOrder(['x', 'y', 'a'], self, ['a', 'b'])).toEqual(['x', 'y', 'a'])
  })
})
