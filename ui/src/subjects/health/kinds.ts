import { CHECK_KINDS, type CheckKind } from '@/backend'
import * as forms from './kinds/forms'
import type { KindModule, KindName } from './kinds/kind'

// A kind without a form is an error here.
const MODULES: Record<KindName, unknown> = forms

/** All kinds in the order of the registry, with their labels. */
export const KINDS = CHECK_KINDS.map(({ label, defaults }) => ({ name: defaults.type, label }))

/** Returns the form of a kind and the functions of its settings. */
export const kindModule = (kind: CheckKind) => MODULES[kind.type] as KindModule<CheckKind>

/** Returns the settings of a new check; those of the first kind if no kind has this name. */
export const emptyKind = (name?: string | null): CheckKind =>
  (CHECK_KINDS.find(({ defaults }) => defaults.type === name) ?? CHECK_KINDS[0]!).defaults
