import type { AlertRule } from '@/backend'

interface Unsaved {
  address: string
  rule: AlertRule
}
let wanted: Unsaved | null = null

/** Keeps a rule that is being left without saving; the result goes back to it as it was. */
export function unsaved(rule: AlertRule): () => void {
  const left = { address: location.hash, rule }
  return () => {
    wanted = left
    location.hash = left.address
  }
}

/** The rule that was gone back to at this address, once. */
export function regained(): AlertRule | null {
  const rule = wanted?.address === location.hash ? wanted.rule : null
  wanted = null
  return rule
}
