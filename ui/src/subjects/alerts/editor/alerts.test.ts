import { describe, expect, it } from 'vitest'
import type { AlertRule, SeriesPoints } from '@/backend'
import { parseMatcher } from '@/query/matchers'
import { readQuery, ruleQuery } from './query'
import { faults, newRule, suggestedName } from './rule'
import { sourceFrom } from './sources'
import { coarseNote, firingTime, simulate } from './simulate'

const second = 1e9
const points = (values: (number | string)[]): SeriesPoints => ({
  labels: {},
  times: values.map((_, index) => index * 60 * second),
  values,
})
const rule = (part: Partial<AlertRule> = {}): AlertRule => ({
  ...newRule({
    type: 'metric',
    metric: 'latency',
    matchers: [],
    aggregation: 'p95',
    group_by: [],
    window_seconds: 300,
  }),
  threshold: 5,
  ...part,
})

describe('a backtest', () => {
  it('is pending for the for time of the rule, then fires once', () => {
    const { intervals, notifications } = simulate(rule(), [points([1, 9, 9, 9, 9, 1])], 60 * second)
    expect(notifications).toBe(1)
    expect(intervals.map(({ state, range }) => [state, range.start / second, range.end / second])).toEqual([
      ['pending', 60, 180],
      ['firing', 180, 300],
    ])
    expect(firingTime(intervals)).toEqual({ value: '2 min', note: 'total firing time' })
  })

  it('has no firing time yet if it began with the last evaluation', () => {
    const began = { range: { start: 9, end: 9 }, state: 'firing' as const, labels: {} }
    expect(firingTime([began])).toEqual({ value: 'Firing', note: 'since the latest evaluation' })
    expect(firingTime([])).toEqual({ value: '0 s', note: 'total firing time' })
  })

  it('does not fire for a shorter excess', () => {
    const { intervals, notifications } = simulate(rule(), [points([1, 9, 9, 1])], 60 * second)
    expect(notifications).toBe(0)
    expect(intervals.map(({ state }) => state)).toEqual(['pending'])
  })

  it('fires at once without a for time, with one notification for all series of a time', () => {
    const values = [points([9, 1, 9]), points([9, 9, 9]), points([1, 9, 9])]
    const { intervals, notifications } = simulate(rule({ for_seconds: 0 }), values, 60 * second)
    expect(intervals.length).toBe(4)
    expect(notifications).toBe(3)
  })

  it('fires for an infinite value, which is a text in an answer, and not for NaN', () => {
    const { intervals } = simulate(rule({ for_seconds: 0 }), [points([1, '+Inf', 'NaN', '-Inf'])], 60 * second)
    expect(intervals.map(({ range }) => [range.start / second, range.end / second])).toEqual([[60, 120]])
  })

  it('stays firing between the resolve threshold and the threshold', () => {
    const values = [points([9, 4, 9, 4, 2])]
    expect(simulate(rule({ for_seconds: 0 }), values, 60 * second).notifications).toBe(2)
    expect(simulate(rule({ for_seconds: 0, resolve_threshold: 3 }), values, 60 * second).notifications).toBe(1)
  })
})

describe('rules', () => {
  it('name the invalid field', () => {
    expect(
      Object.keys(
        faults(
          newRule({
            type: 'metric',
            metric: '',
            matchers: [],
            aggregation: 'average',
            group_by: [],
            window_seconds: 60,
          }),
        ),
      ),
    ).toEqual(['name', 'metric', 'threshold'])
    expect(faults(rule({ name: 'x', resolve_threshold: 6 })).resolve).toContain('above')
    expect(faults(rule({ name: 'x', comparator: 'below', resolve_threshold: 6 }))).toEqual({})
  })

  it('are read from the address', () => {
    const params = new URLSearchParams('metric=m&aggregation=p95&by=operation&where=service%3Dcheckout')
    const source = sourceFrom({
      param: (name) => params.get(name) ?? '',
      all: (name) => params.getAll(name),
      parse: parseMatcher,
    })
    expect(source).toMatchObject({
      metric: 'm',
      aggregation: 'p95',
      group_by: ['operation'],
      matchers: [{ key: 'service', value: 'checkout' }],
    })
    expect(sourceFrom({ param: (name) => (name === 'check' ? 'c1' : ''), all: () => [], parse: parseMatcher })).toEqual(
      { type: 'check', check_id: 'c1' },
    )
  })

  it('are written as a query and named', () => {
    expect(ruleQuery(rule())).toBe('p95(latency[5m]) > 5 for 2m')
    expect(suggestedName(rule(), '5 s', '')).toBe('p95 of latency above 5 s')
    expect(suggestedName({ ...newRule({ type: 'check', check_id: 'a' }) }, '', 'orders-db')).toBe(
      'orders-db is unhealthy',
    )
  })
  const kinds: AlertRule[] = [
    rule(),
    { ...rule(), for_seconds: 0, comparator: 'at_most', threshold: -0.5 },
    newRule({ type: 'check', check_id: null }),
    newRule({ type: 'check', check_id: 'orders "db"' }),
    newRule({ type: 'logs', query: 'time"out\\ severity>=warn', by_service: true, window_seconds: 5400 }),
    newRule(
      sourceFrom({
        param: (name) => (name === 'metric' ? 'http.server.duration' : ''),
        all: (name) => (name === 'by' ? ['route', 'host'] : name === 'where' ? ['service=checkout', 'code!~5..'] : []),
        parse: parseMatcher,
      }),
    ),
  ]
  it.each(kinds)('are read from the query they are written as, %#', (given) => {
    expect(readQuery(ruleQuery(given), { ...newRule({ type: 'check', check_id: null }), name: given.name })).toEqual({
      ...given,
      interval_seconds: 15,
      no_data: 'keep_state',
    })
  })

  it.each([
    ['mean (latency[5m]) > 5', 0, 'one of'],
    ['p95 (latency) > 5', 12, '“[”'],
    ['p95 (latency[soon]) > 5', 13, 'a duration'],
    ['p95 (latency[5m]) = 5', 18, 'one of >'],
    ['p95 (latency[5m]) > much', 20, 'a number'],
    ['p95 (latency[5m]) > 5 or 6', 22, '“for”'],
    ['p95 (latency[5m]) > 5 forever', 22, '“for”'],
    ['check_states() > 1', 0, 'one of'],
    ['counter("x"[5m]) > 5', 0, 'one of'],
    ['count by (host) ("x"[5m]) > 5', 0, 'by service only'],
  ])('%s fails at %i', (text, at, message) => {
    try {
      readQuery(text, rule())
      expect.unreachable()
    } catch (thrown) {
      expect(thrown).toMatchObject({ at, message: expect.stringContaining(message) as string })
    }
  })
})

it('notes that a backtest evaluates less often than the rule', () => {
  const given = newRule({
    type: 'metric',
    metric: 'm',
    matchers: [],
    aggregation: 'average',
    group_by: [],
    window_seconds: 300,
  })
  expect(coarseNote(given, 15, '3 hours')).toBe('')
  expect(coarseNote(given, 44, '24 hours')).toMatch(/^Over 24 hours the backtest evaluates every 44 s. .* every 15 s/)
  expect(coarseNote(given, 3600, '7 days')).toContain('every 1 h, over 1 h instead of 5 min.')
})
