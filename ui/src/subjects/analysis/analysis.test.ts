import { expect, it } from 'vitest'
import type { Subject } from '@/backend'
import { sidesFor, subjectFrom, subjectName, subjectOf, subjectParameters } from './subject'

it('keeps a subject in the address', () => {
  const subjects: Subject[] = [
    { type: 'service', service: 'checkout', figure: 'error_ratio' },
    { type: 'metric', metric: 'm', aggregation: 'p95', matchers: [{ key: 'host', operator: 'not_equal', value: 'a' }] },
  ]
  for (const subject of subjects) {
    const params = new URLSearchParams()
    for (const [key, value] of Object.entries(subjectParameters(subject)))
      for (const one of value === null ? [] : [value].flat()) params.append(key, one)
    expect(
      subjectFrom(
        (name) => params.get(name) ?? '',
        (name) => params.getAll(name),
      ),
    ).toEqual(subject)
  }
})

it('leads from a finding to its subject', () => {
  const finding = {
    id: '1',
    kind: 'anomaly' as const,
    title: '',
    detail: '',
    service: 'checkout',
    metric: 'duration',
    labels: {},
    range: { start: 0, end: 1 },
    noticed_at: 1,
    score: 5,
  }
  expect(subjectOf(finding)).toEqual({ type: 'service', service: 'checkout', figure: 'p95' })
  expect(subjectName(subjectOf({ ...finding, metric: 'system.cpu.utilization' }))).toBe(
    'system.cpu.utilization (checkout)',
  )
})

it('compares with the stretch before, or with yesterday', () => {
  const shown = { from: 1000, to: 1600 }
  expect(sidesFor('previous', shown).before).toEqual({ from: 400, to: 1000 })
  expect(sidesFor('day', shown).before).toEqual({ from: 1000 - 86_400_000, to: 1600 - 86_400_000 })
})
