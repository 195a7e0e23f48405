import type { AlertRule } from '@/backend'

interface Unsaved {
  address: string
  rule: AlertRule
}
let wanted: Unsaved | null = null

/** Stores a rule that is closed without saving; the returned function reopens it. */
export function keepUnsaved(rule: AlertRule): () => void {
  const left = { address: location.hash, rule }
  return () => {
    wanted = left
    location.hash = left.address
  }
}

/** Returns the rule to reopen at this address, once. */
export function reopenedRule(): AlertRule | null {
  const rule = wanted?.address === location.hash ? wanted.rule : null
  wanted = null
  return rule
}
