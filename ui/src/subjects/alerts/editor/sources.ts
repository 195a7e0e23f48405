import type { RuleSource } from '@/backend'
import * as check from './sources/CheckSource.svelte'
import * as logs from './sources/LogsSource.svelte'
import * as metric from './sources/MetricSource.svelte'
import type { SourceDefinition, SourceModule, SourceParameters } from './sources/definition'
import type { Scanner } from '@/query/scanner'

type Kind = RuleSource['type']

/**
 * The rule sources, in the order of the form. The first one is the default. `tsc` does not see what
 * a Svelte file exports besides its component, therefore the type is asserted.
 */
const SOURCES = { metric, check, logs } satisfies Record<Kind, object> as unknown as Record<Kind, SourceModule>

/** Every kind of source, with its label. */
export const SOURCE_KINDS: readonly { type: Kind; label: string }[] = (Object.keys(SOURCES) as Kind[]).map((type) => ({
  type,
  label: SOURCES[type].definition.label,
}))

/** All definitions in the order in which texts and addresses are tried: the default one last. */
const candidates: readonly SourceDefinition[] = Object.values(SOURCES)
  .map(({ definition }) => definition)
  .toReversed()

/** Returns the first result of the definitions that fits; null if none does. */
function firstOf(read: (definition: SourceDefinition) => RuleSource | null): RuleSource | null {
  for (const definition of candidates) {
    const found = read(definition)
    if (found) return found
  }
  return null
}

/** Parses a source at the scanner; throws `ExpressionError`. */
export const scanSource = (scanner: Scanner): RuleSource =>
  firstOf((definition) => definition.scan(scanner)) ?? scanner.fail('a source')

/** Returns the source of a new rule that the address names; the default one if it names none. */
export const sourceFrom = (address: SourceParameters): RuleSource =>
  firstOf((definition) => definition.fromAddress(address)) ?? SOURCES.metric.definition.create()

/** Returns the definition of a source. */
export const definitionOf = ({ type }: { type: Kind }): SourceDefinition => SOURCES[type].definition

/** Returns the form of a source. */
export const formOf = ({ type }: { type: Kind }): SourceModule['default'] => SOURCES[type].default
