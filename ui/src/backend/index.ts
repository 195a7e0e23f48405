import type { Commands, Topics } from './generated'
import { sessionTransport } from './session/transport'
import { tauriTransport } from './tauri'
import type { Transport } from './transport'

export type * from './generated'
export { CHECK_KINDS } from './generated/checkKinds'
export { SHORT_LABELS } from './generated/shortLabels'
export { connection } from './connection.svelte'
export type { RefusalReason } from './session/handshake'
export { BackendError, asBackendError, isAborted } from './errors'

/**
 * Returns the fragment of the page's address. It is here, because the code of a link has been taken
 * out of it once this module is loaded.
 */
export const addressFragment = (): string => (typeof location === 'undefined' ? '' : location.hash)

/** True if the console runs in the window of the desktop program. */
export const inWindow = typeof window !== 'undefined' && '__TAURI_INTERNALS__' in window

let chosen: Transport | undefined
const transport = () => (chosen ??= inWindow ? tauriTransport() : sessionTransport())

export type CommandName = keyof Commands
export type Arguments<Name extends CommandName> = Commands[Name]['arguments']
export type Answer<Name extends CommandName> = Commands[Name]['reply']

/**
 * Calls a command of the engine. Rejects with `BackendError`, or with `AbortError` once `signal` is
 * aborted.
 */
export function call<Name extends CommandName>(
  name: Name,
  args: Arguments<Name>,
  signal?: AbortSignal,
): Promise<Answer<Name>> {
  return transport().call(name, args, signal) as Promise<Answer<Name>>
}

/**
 * Passes every message of a topic to `handler` until the returned function is called. Survives a
 * lost connection. No message arrives while the console is hidden; views reload when it is shown
 * again.
 */
export function subscribe<Topic extends keyof Topics>(
  topic: Topic,
  args: Topics[Topic]['arguments'],
  handler: (message: Topics[Topic]['reply']) => void,
): () => void {
  let end: (() => void) | null = null
  const follow = () => {
    if (document.hidden) {
      end?.()
      end = null
    } else end ??= transport().subscribe(topic, args, handler as (message: unknown) => void)
  }
  document.addEventListener('visibilitychange', follow)
  follow()
  return () => {
    document.removeEventListener('visibilitychange', follow)
    end?.()
    end = null
  }
}

/** Saves content made in the console; returns its path, or null if the user cancelled. */
export function saveContent(content: Blob, suggestedName: string): Promise<string | null> {
  return transport().saveContent(content, suggestedName)
}

/** Saves the file that a command returns; returns its path, or null if the user cancelled. */
export function saveFile<Name extends 'report' | 'export'>(
  command: Name,
  args: Arguments<Name>,
  suggestedName: string,
): Promise<string | null> {
  return transport().saveFile(command, args, suggestedName)
}
