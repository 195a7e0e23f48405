import type { Aggregation, ExemplarPoint, MetricKind } from '@/backend'
import type { ChartExemplar } from '@/chart/types'
import { formatValue, numberOf } from '@/format'
import type { ChartSeries } from '@/query/series'

/** Maximum number of exemplars of a chart. */
export const MAX_EXEMPLARS = 200
/** Maximum number of details of an exemplar. */
const MAX_DETAILS = 6

const LIKE_THE_VALUES: ReadonlySet<Aggregation> = new Set([
  'average',
  'minimum',
  'maximum',
  'last',
  'p50',
  'p90',
  'p95',
  'p99',
])

/**
 * Returns true if exemplars have values on the axis of a chart. Those of a counter or a rate have
 * none.
 */
export const onAxis = (kind: MetricKind | undefined, aggregation: Aggregation): boolean =>
  kind !== undefined && kind !== 'counter' && LIKE_THE_VALUES.has(aggregation)

interface ExemplarContext {
  lines: ChartSeries[]
  kind: MetricKind | undefined
  aggregation: Aggregation
  /** The unit of the metric; a rate has another. */
  unit: string
  /** Returns the address of a trace with one of its spans. */
  link: (trace: string, span: string | null) => string
}

/** Returns the exemplars of the drawn lines, each with the labels that identify its series. */
export function chartExemplars(points: readonly ExemplarPoint[], context: ExemplarContext): ChartExemplar[] {
  const { lines, kind, aggregation, unit, link } = context
  const hasAxisValue = onAxis(kind, aggregation)
  const varying = varyingKeys(points.map((point) => point.labels))
  return points.flatMap((point) => {
    const line = lines.find(({ labels }) =>
      Object.entries(labels).every(([key, value]) => (point.labels[key] ?? '') === value),
    )
    if (!line) return []
    const details = new Map<string, string>()
    for (const [key, value] of Object.entries(point.attributes)) details.set(key, attributeText(value))
    for (const key of varying) {
      const value = point.labels[key]
      if (value && !(key in line.labels) && !details.has(key)) details.set(key, value)
    }
    return [
      {
        time: point.time / 1e6,
        value: hasAxisValue ? numberOf(point.value) : null,
        text: formatValue(point.value, unit),
        series: line.name,
        details: [...details].slice(0, MAX_DETAILS),
        trace: point.trace_id,
        href: point.trace_id ? link(point.trace_id, point.span_id) : null,
      },
    ]
  })
}

const attributeText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Returns the keys of the labels that vary. */
function varyingKeys(all: readonly Record<string, string>[]): string[] {
  const keys = new Set(all.flatMap((labels) => Object.keys(labels)))
  const first = all[0] ?? {}
  return [...keys].filter((key) => all.some((labels) => labels[key] !== first[key])).sort()
}
