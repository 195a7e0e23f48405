import { expect, it } from 'vitest'
import type { AnalysisTarget } from '@/backend'
import { rangesFor, targetFrom, targetName, targetOf, targetParameters } from './target'

it('stores a target in the address', () => {
  const targets: AnalysisTarget[] = [
    { type: 'service', service: 'checkout', measure: 'error_ratio' },
    { type: 'metric', metric: 'm', aggregation: 'p95', matchers: [{ key: 'host', operator: 'not_equal', value: 'a' }] },
  ]
  for (const target of targets) {
    const params = new URLSearchParams()
    for (const [key, value] of Object.entries(targetParameters(target)))
      for (const one of value === null ? [] : [value].flat()) params.append(key, one)
    expect(
      targetFrom(
        (name) => params.get(name) ?? '',
        (name) => params.getAll(name),
      ),
    ).toEqual(target)
  }
})

it('reads the measure of older links', () => {
  const params: Record<string, string> = { service: 'checkout', figure: 'rate' }
  expect(
    targetFrom(
      (name) => params[name] ?? '',
      () => [],
    ),
  ).toEqual({ type: 'service', service: 'checkout', measure: 'rate' })
})

it('returns the target of a finding', () => {
  const finding = {
    id: '1',
    kind: 'anomaly' as const,
    title: '',
    detail: '',
    service: 'checkout',
    metric: 'duration',
    labels: {},
    range: { start: 0, end: 1 },
    detected_at: 1,
    score: 5,
  }
  expect(targetOf(finding)).toEqual({ type: 'service', service: 'checkout', measure: 'p95' })
  expect(targetName(targetOf({ ...finding, metric: 'system.cpu.utilization' }))).toBe(
    'system.cpu.utilization (checkout)',
  )
})

it('compares with the previous range or the day before', () => {
  const shown = { from: 1000, to: 1600 }
  expect(rangesFor('previous', shown).before).toEqual({ from: 400, to: 1000 })
  expect(rangesFor('day', shown).before).toEqual({ from: 1000 - 86_400_000, to: 1600 - 86_400_000 })
})
