import { Channel, invoke } from '@tauri-apps/api/core'
import { decodeSeries } from './arrow'
import { connection } from './connection.svelte'
import { asBackendError } from './errors'
import type { Transport } from './transport'

/** Returns a transport to the engine inside the desktop program. */
export function tauriTransport(): Transport {
  connection.set('open')
  let next = 1

  async function invokeCommand<T>(command: string, args: Record<string, unknown>): Promise<T> {
    try {
      return await invoke<T>(command, args)
    } catch (thrown) {
      throw asBackendError(thrown)
    }
  }

  return {
    async call(name, args, signal) {
      signal?.throwIfAborted()
      const id = next++
      const cancel = () => void invokeCommand('cancel', { id })
      signal?.addEventListener('abort', cancel, { once: true })
      try {
        const answer = await invokeCommand<unknown>('command', { id, name, args })
        signal?.throwIfAborted()
        if (answer instanceof ArrayBuffer) return name === 'series' ? decodeSeries(answer) : new Blob([answer])
        return answer
      } catch (thrown) {
        signal?.throwIfAborted()
        throw thrown
      } finally {
        signal?.removeEventListener('abort', cancel)
      }
    },
    subscribe(topic, args, handler) {
      const id = next++
      const channel = new Channel<unknown>(handler)
      void invokeCommand('subscribe', { id, topic, args, channel })
      return () => void invokeCommand('unsubscribe', { id })
    },
    saveContent: async (content, suggestedName) => {
      const bytes = Array.from(new Uint8Array(await content.arrayBuffer()))
      return invokeCommand<string | null>('save_content', { content: bytes, suggestedName })
    },
    saveFile: (name, args, suggestedName) => invokeCommand<string | null>('save_file', { name, args, suggestedName }),
  }
}
