import type { Aggregation, Finding, ServiceFigure, Subject, TagMatcher } from '@/backend'
import { shownUnit } from '@/query/series'
import { formatMatcher, parseMatcher } from '@/query/matchers'

export const FIGURES: { value: ServiceFigure; label: string }[] = [
  { value: 'p95', label: 'p95 duration' },
  { value: 'p50', label: 'median duration' },
  { value: 'rate', label: 'requests per second' },
  { value: 'error_ratio', label: 'share that failed' },
]

export const AGGREGATIONS: { value: Aggregation; label: string }[] = [
  { value: 'average', label: 'average' },
  { value: 'sum', label: 'sum' },
  { value: 'minimum', label: 'smallest' },
  { value: 'maximum', label: 'largest' },
  { value: 'last', label: 'latest' },
  { value: 'rate', label: 'rate per second' },
  { value: 'increase', label: 'increase' },
  { value: 'p50', label: 'median' },
  { value: 'p90', label: 'p90' },
  { value: 'p95', label: 'p95' },
  { value: 'p99', label: 'p99' },
]

type Parameters = Record<string, string | string[] | null>

/** A subject as parameters of the address. */
export function subjectParameters(subject: Subject): Parameters {
  return subject.type === 'service'
    ? { service: subject.service, figure: subject.figure, metric: null, agg: null, where: null }
    : {
        metric: subject.metric,
        agg: subject.aggregation,
        where: subject.matchers.map(formatMatcher),
        service: null,
        figure: null,
      }
}

/** The subject that the address names; null if it names none. */
export function subjectFrom(param: (name: string) => string, all: (name: string) => string[]): Subject | null {
  if (param('service')) {
    const figure = FIGURES.find(({ value }) => value === param('figure'))?.value ?? 'p95'
    return { type: 'service', service: param('service'), figure }
  }
  if (!param('metric')) return null
  const matchers: TagMatcher[] = all('where')
    .map(parseMatcher)
    .filter((one) => one !== null)
  const aggregation = AGGREGATIONS.find(({ value }) => value === param('agg'))?.value ?? 'average'
  return { type: 'metric', metric: param('metric'), matchers, aggregation }
}

/** The subject of a finding. */
export function subjectOf(finding: Finding): Subject {
  const figures: Record<string, ServiceFigure> = {
    rate: 'rate',
    errors: 'error_ratio',
    error_ratio: 'error_ratio',
    duration: 'p95',
    p95: 'p95',
    p50: 'p50',
  }
  const figure = figures[finding.metric]
  if (figure && finding.service) return { type: 'service', service: finding.service, figure }
  const matchers = Object.entries(finding.labels).map(([key, value]) => ({
    key,
    operator: 'equal' as const,
    value: value ?? '',
  }))
  if (finding.service && !finding.labels['service'] && !finding.labels['service.name'])
    matchers.push({ key: 'service', operator: 'equal', value: finding.service })
  return { type: 'metric', metric: finding.metric, matchers, aggregation: 'average' }
}

/** A subject in words. */
export function subjectName(subject: Subject): string {
  if (subject.type === 'service')
    return `${subject.service}, ${FIGURES.find(({ value }) => value === subject.figure)?.label}`
  const aggregation = AGGREGATIONS.find(({ value }) => value === subject.aggregation)?.label
  const where = subject.matchers.map(({ value }) => value).join(', ')
  return `${subject.aggregation === 'average' ? '' : `${aggregation} of `}${subject.metric}${where ? ` (${where})` : ''}`
}

/** The unit a subject's values are shown in. */
export const unitOf = (subject: Subject, unit: string): string =>
  subject.type === 'metric' ? shownUnit(subject.metric, unit) : subject.figure === 'error_ratio' ? 'ratio' : unit

/** Two stretches to compare, in milliseconds. */
export interface Sides {
  before: { from: number; to: number }
  after: { from: number; to: number }
}

/** The two stretches that the address names, or those that go with the shown one. */
export function sidesFrom(param: (name: string) => string, shown: { from: number; to: number }): Sides {
  const [b0 = 0, b1 = 0, a0 = 0, a1 = 0] = ['b0', 'b1', 'a0', 'a1'].map((name) => Number(param(name)))
  const own = b0 > 0 && a0 > 0 && b0 < b1 && a0 < a1
  if (param('against') === 'own' && own) return { before: { from: b0, to: b1 }, after: { from: a0, to: a1 } }
  return sidesFor(param('against'), shown)
}

/** Two chosen stretches as parameters of the address. */
export const sidesParameters = ({ before, after }: Sides) => ({
  against: 'own',
  b0: Math.floor(before.from),
  b1: Math.ceil(before.to),
  a0: Math.floor(after.from),
  a1: Math.ceil(after.to),
})

/** The shown stretch against the one just before it, or against the same one a day or a week earlier. */
export function sidesFor(way: string, shown: { from: number; to: number }): Sides {
  const distance = way === 'day' ? 86_400_000 : way === 'week' ? 7 * 86_400_000 : shown.to - shown.from
  return { before: { from: shown.from - distance, to: shown.to - distance }, after: { ...shown } }
}
