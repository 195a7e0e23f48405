import type { Component, Snippet } from 'svelte'
import type { CheckKind } from '@/backend'

/** The name of a kind, as it is saved. */
export type KindName = CheckKind['type']

/** The settings of one kind. */
export type Settings<Name extends KindName> = Extract<CheckKind, { type: Name }>

/** Faults by field. */
export type Faults = Partial<Record<string, string>>

/** The properties of the form of a kind. */
export interface FormProps<Kind> {
  kind: Kind
  errors: Faults
  onchange: (kind: Kind) => void
  /** The fields of every check. The argument adds conditions to the sentence "Degraded when …". */
  common: Snippet<[Snippet?]>
  /** The field of the password. */
  password: Snippet
}

/** The exports of a form's module: its component, and functions of the settings. */
export interface KindModule<Kind> {
  default: Component<FormProps<Kind>>
  /** Suggests a name for a check; empty if the settings are incomplete. */
  suggestedName: (kind: Kind) => string
  /** Returns the faults of the settings, by field. */
  faults: (kind: Kind) => Faults
  /** Returns the measurement of the days that a certificate has left, with its threshold. */
  certificate?: (kind: Kind) => { measurement: string; minDays: number | null }
}
