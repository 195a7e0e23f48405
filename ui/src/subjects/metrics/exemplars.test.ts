import { describe, expect, it } from 'vitest'
import type { Aggregation, ExemplarPoint } from '@/backend'
import { chartExemplars, onAxis } from './exemplars'

const point = (value: number, labels: Record<string, string>, more: Partial<ExemplarPoint> = {}): ExemplarPoint => ({
  labels,
  time: 2e9,
  value,
  trace_id: 'ab',
  span_id: null,
  attributes: {},
  ...more,
})
const line = (name: string, labels: Record<string, string>) => ({ name, labels, times: [], values: [] })
const context = {
  lines: [line('cart', { service: 'cart' }), line('(none)', { service: '' })],
  kind: 'histogram',
  aggregation: 'p95',
  unit: 's',
  link: (trace: string, span: string | null) => `#/traces/${trace}?span=${span ?? ''}`,
} as const
const exemplarsOf = (points: ExemplarPoint[], more: { aggregation?: Aggregation } = {}) =>
  chartExemplars(points, { ...context, lines: [...context.lines], ...more })

describe('exemplars of a chart', () => {
  it('belong to the line of their series, and are dropped without one', () => {
    const given = [point(0.25, { service: 'cart' }), point(1, {}), point(1, { service: 'search' })]
    expect(exemplarsOf(given).map(({ series, text, time }) => [series, text, time])).toEqual([
      ['cart', '250 ms', 2000],
      ['(none)', '1 s', 2000],
    ])
  })

  it('have their attributes and the labels that vary, each once', () => {
    const given = [
      point(1, { service: 'cart', host: 'a', region: 'eu' }, { attributes: { user: 7, host: 'own' } }),
      point(2, { service: 'cart', host: 'b', region: 'eu' }),
    ]
    expect(exemplarsOf(given).map(({ details }) => details)).toEqual([
      [
        ['user', '7'],
        ['host', 'own'],
      ],
      [['host', 'b']],
    ])
  })

  it('link to their trace and span if they have one', () => {
    const given = [point(1, {}, { span_id: 'cd' }), point(1, {}, { trace_id: null })]
    expect(exemplarsOf(given).map(({ href }) => href)).toEqual(['#/traces/ab?span=cd', null])
  })

  it('have a value on the axis only if the aggregation has the same unit', () => {
    expect(exemplarsOf([point(3, {})])[0]?.value).toBe(3)
    expect(exemplarsOf([point(3, {})], { aggregation: 'rate' })[0]?.value).toBeNull()
    expect(onAxis('counter', 'last')).toBe(false)
    expect(onAxis('gauge', 'sum')).toBe(false)
    expect(onAxis(undefined, 'p95')).toBe(false)
  })
})
