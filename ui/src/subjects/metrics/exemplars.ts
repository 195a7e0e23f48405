import type { Aggregation, ExemplarPoint, MetricKind } from '@/backend'
import type { ChartExemplar } from '@/chart/types'
import { formatValue } from '@/format'
import type { ChartSeries } from '@/query/series'

/** At most this many are asked for; a chart has hardly room for more. */
export const MOST_EXEMPLARS = 200
/** Labels told of one exemplar. */
const MOST_DETAILS = 6

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

/** Whether single measurements stand on the axis of a chart: those of a counter, or beside a rate, do not. */
export const onAxis = (kind: MetricKind | undefined, aggregation: Aggregation): boolean =>
  kind !== undefined && kind !== 'counter' && LIKE_THE_VALUES.has(aggregation)

interface Question {
  lines: ChartSeries[]
  kind: MetricKind | undefined
  aggregation: Aggregation
  /** The metric's own unit, which a rate does not share. */
  unit: string
  /** The address of a trace, with one of its spans. */
  link: (trace: string, span: string | null) => string
}

/** The exemplars of the drawn lines, each with what tells its series from those of the others. */
export function chartExemplars(points: readonly ExemplarPoint[], asked: Question): ChartExemplar[] {
  const { lines, kind, aggregation, unit, link } = asked
  const placed = onAxis(kind, aggregation)
  const telling = varyingKeys(points.map((point) => point.labels))
  return points.flatMap((point) => {
    const line = lines.find(({ labels }) =>
      Object.entries(labels).every(([key, value]) => (point.labels[key] ?? '') === value),
    )
    if (!line) return []
    const details = new Map<string, string>()
    for (const [key, value] of Object.entries(point.attributes)) details.set(key, attributeText(value))
    for (const key of telling) {
      const value = point.labels[key]
      if (value && !(key in line.labels) && !details.has(key)) details.set(key, value)
    }
    return [
      {
        time: point.time / 1e6,
        value: placed ? point.value : null,
        text: formatValue(point.value, unit),
        series: line.name,
        details: [...details].slice(0, MOST_DETAILS),
        trace: point.trace_id,
        href: point.trace_id ? link(point.trace_id, point.span_id) : null,
      },
    ]
  })
}

const attributeText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** The labels that are not the same for all. */
function varyingKeys(all: readonly Record<string, string>[]): string[] {
  const keys = new Set(all.flatMap((labels) => Object.keys(labels)))
  const first = all[0] ?? {}
  return [...keys].filter((key) => all.some((labels) => labels[key] !== first[key])).sort()
}
