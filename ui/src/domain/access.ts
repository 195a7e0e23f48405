import type { ListenerAccess } from '@/backend'

/** Who reaches a receiver, and what it requires of them, in a few words. */
export const ACCESS: Record<ListenerAccess, string> = {
  local: 'this machine only',
  protected: 'other machines, TLS and token',
  unprotected: 'other machines, without TLS and token',
  refused: 'not listening, unprotected',
}
