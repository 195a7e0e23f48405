import type { Finding, ServiceMeasure, AnalysisTarget, TagMatcher } from '@/backend'
import { AGGREGATIONS, aggregationLabel } from '@/query/aggregations'
import { shownUnit } from '@/query/series'
import { formatMatcher, parseMatcher } from '@/query/matchers'

export const MEASURES: { value: ServiceMeasure; label: string }[] = [
  { value: 'p95', label: 'p95 duration' },
  { value: 'p50', label: 'median duration' },
  { value: 'rate', label: 'requests per second' },
  { value: 'error_ratio', label: 'error ratio' },
]

/** The aggregations that can be analysed: all but the number of samples. */
export const ANALYSED = AGGREGATIONS.filter(({ value }) => value !== 'count')

type Parameters = Record<string, string | string[] | null>

/** Returns a target as parameters of the address. */
export function targetParameters(target: AnalysisTarget): Parameters {
  return target.type === 'service'
    ? { service: target.service, measure: target.measure, figure: null, metric: null, agg: null, where: null }
    : {
        metric: target.metric,
        agg: target.aggregation,
        where: target.matchers.map(formatMatcher),
        service: null,
        measure: null,
        figure: null,
      }
}

/** Returns the target in the address; null if there is none. Older links have `figure`. */
export function targetFrom(param: (name: string) => string, all: (name: string) => string[]): AnalysisTarget | null {
  if (param('service')) {
    const measure = param('measure') || param('figure')
    const measured = MEASURES.find(({ value }) => value === measure)?.value ?? 'p95'
    return { type: 'service', service: param('service'), measure: measured }
  }
  if (!param('metric')) return null
  const matchers: TagMatcher[] = all('where')
    .map(parseMatcher)
    .filter((one) => one !== null)
  const aggregation = ANALYSED.find(({ value }) => value === param('agg'))?.value ?? 'average'
  return { type: 'metric', metric: param('metric'), matchers, aggregation }
}

/** Returns the target of a finding. */
export function targetOf(finding: Finding): AnalysisTarget {
  const measures: Record<string, ServiceMeasure> = {
    rate: 'rate',
    errors: 'error_ratio',
    error_ratio: 'error_ratio',
    duration: 'p95',
    p95: 'p95',
    p50: 'p50',
  }
  const measure = measures[finding.metric]
  if (measure && finding.service) return { type: 'service', service: finding.service, measure }
  const matchers = Object.entries(finding.labels).map(([key, value]) => ({
    key,
    operator: 'equal' as const,
    value: value ?? '',
  }))
  if (finding.service && !finding.labels['service'] && !finding.labels['service.name'])
    matchers.push({ key: 'service', operator: 'equal', value: finding.service })
  return { type: 'metric', metric: finding.metric, matchers, aggregation: 'average' }
}

/** Describes a target. */
export function targetName(target: AnalysisTarget): string {
  if (target.type === 'service')
    return `${target.service}, ${MEASURES.find(({ value }) => value === target.measure)?.label}`
  const aggregation = aggregationLabel(target.aggregation)
  const where = target.matchers.map(({ value }) => value).join(', ')
  return `${target.aggregation === 'average' ? '' : `${aggregation} of `}${target.metric}${where ? ` (${where})` : ''}`
}

/** Returns the unit in which the values of a target are shown. */
export const unitOf = (target: AnalysisTarget, unit: string): string =>
  target.type === 'metric' ? shownUnit(target.metric, unit) : target.measure === 'error_ratio' ? 'ratio' : unit

/** Two ranges to compare, in milliseconds. */
export interface ComparedRanges {
  before: { from: number; to: number }
  after: { from: number; to: number }
}

/** Returns true if the address has two chosen ranges; older links have `own`. */
export const isCustom = (against: string): boolean => against === 'custom' || against === 'own'

/** Returns the two ranges in the address, or the shown range with its default baseline. */
export function rangesFrom(param: (name: string) => string, shown: { from: number; to: number }): ComparedRanges {
  const [b0 = 0, b1 = 0, a0 = 0, a1 = 0] = ['b0', 'b1', 'a0', 'a1'].map((name) => Number(param(name)))
  const valid = b0 > 0 && a0 > 0 && b0 < b1 && a0 < a1
  if (isCustom(param('against')) && valid) return { before: { from: b0, to: b1 }, after: { from: a0, to: a1 } }
  return rangesFor(param('against'), shown)
}

/** Returns two chosen ranges as parameters of the address. */
export const rangesParameters = ({ before, after }: ComparedRanges) => ({
  against: 'custom',
  b0: Math.floor(before.from),
  b1: Math.ceil(before.to),
  a0: Math.floor(after.from),
  a1: Math.ceil(after.to),
})

/**
 * Returns the shown range with a baseline: the range just before, or the same range a day or a week
 * earlier.
 */
export function rangesFor(baseline: string, shown: { from: number; to: number }): ComparedRanges {
  const distance = baseline === 'day' ? 86_400_000 : baseline === 'week' ? 7 * 86_400_000 : shown.to - shown.from
  return { before: { from: shown.from - distance, to: shown.to - distance }, after: { ...shown } }
}
