import type { Component } from 'svelte'
import type { Alert, AlertRule, RuleSource, TagMatcher } from '@/backend'
import { formatValue } from '@/format'
import type { Scanner } from '@/query/scanner'

/** The wrong fields of a source, with the reason. */
export type SourceFaults = Partial<Record<'metric' | 'query' | 'window', string>>

/** The parameters of the address that name the source of a new rule. */
export interface SourceParameters {
  param: (name: string) => string
  all: (name: string) => string[]
  parse: (text: string) => TagMatcher | null
}

/** The value of an alert with the threshold, both in `unit`. */
export type AlertValue = Pick<Alert, 'value' | 'threshold' | 'unit'>

/** Describes a value: `p95 2.4 s, threshold 1 s`. The argument `of` precedes it, `what` follows. */
export const describeValue = ({ value, threshold, unit }: AlertValue, of = '', what = ''): string =>
  `${[of, formatValue(value, unit), what].filter(Boolean).join(' ')}, threshold ${formatValue(threshold, unit)}`

/** The properties of a source's form. */
export interface SourceProps<Source> {
  source: Source
  errors: SourceFaults
  /** Called with the changed source, and with other fields of the rule that change with it. */
  onchange: (source: Source, rest?: Partial<AlertRule>) => void
  /** Called with the name of the record that the source refers to. */
  ontarget: (name: string) => void
}

/** The definition of a rule source. Each is exported by the file of the source's form. */
export interface SourceDefinition<Source extends RuleSource = RuleSource> {
  label: string
  /** The condition of a new rule. */
  condition: Pick<AlertRule, 'comparator' | 'threshold' | 'for_seconds'>
  /** The thresholds to choose from; a number is entered where there are none. */
  states?: readonly { value: number; label: string }[]
  /** Returns the source of a new rule. */
  create(): Source
  /** Returns the source that the address names; null if it names none of this kind. */
  fromAddress(address: SourceParameters): Source | null
  /** Writes the source as `scan` parses it. */
  write(source: Source): string
  /** Parses the source at the scanner; null if another kind begins there. */
  scan(scanner: Scanner): Source | null
  faults(source: Source): SourceFaults
  /** Returns the metric whose unit and name the values have; empty if there is none. */
  metric(source: Source): string
  /** Returns the length of the window in seconds; infinite if there is none. */
  window(source: Source): number
  /** Describes the value of an alert. */
  describe(source: Source, value: AlertValue): string
  /** True if `describe` returns a predicate: the name of the target precedes it without a colon. */
  sentence?: boolean
  /** Returns a name for a rule that has none. */
  suggestName(source: Source, condition: { words: string; threshold: number; target: string }): string
}

/** The form and the definition of a rule source, as its file exports them. */
export interface SourceModule<Source extends RuleSource = RuleSource> {
  default: Component<SourceProps<Source>>
  definition: SourceDefinition<Source>
}
