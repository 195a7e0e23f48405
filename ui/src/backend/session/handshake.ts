import { newNonce, parseBytes, toBase64Url } from './encoding'

/** A secret that opens a session: of a one-time code, or the key of this browser. */
export interface Credential {
  kind: 'code' | 'browser'
  id: string
  key: CryptoKey
}

/** The key of this browser, with which its pages return. */
export interface Browser {
  id: string
  key: CryptoKey
}

/** A connection that is not proven yet. `receive` rejects once it is closed. */
export interface Channel {
  send: (message: unknown) => void
  receive: () => Promise<string>
}

/**
 * The reason a session was not opened. `impostor`: another program answered. `missing`: this
 * browser has no key. The others are those of the engine.
 */
export type RefusalReason = 'impostor' | 'missing' | 'unknown' | 'busy' | 'proof' | 'invalid'

const REASONS: readonly unknown[] = ['unknown', 'busy', 'proof', 'invalid'] satisfies RefusalReason[]

/** A handshake that must not be repeated by itself. */
export class Refusal extends Error {
  constructor(readonly reason: RefusalReason) {
    super(`no session: ${reason}`)
    this.name = 'Refusal'
  }
}

/** Returns the key of a secret. Scripts cannot read it. */
export const importKey = (secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])

/**
 * Opens a session: the engine proves that it has the secret, then this page does. Nothing but the
 * hello is sent before the engine's proof holds. The messages are described in
 * `crates/web/src/session/handshake.rs`.
 *
 * `host` is the host and port of the page's address. It is part of each proof, so a program on
 * another port cannot pass the proofs on.
 */
export async function prove(channel: Channel, { kind, id, key }: Credential, host: string): Promise<Browser> {
  const nonce = newNonce()
  channel.send({ hello: { kind, id, nonce } })
  const challenge = answer(await channel.receive(), 'challenge')
  const serverNonce = challenge.nonce
  const proof = parseBytes(challenge.proof)
  if (typeof serverNonce !== 'string' || !parseBytes(serverNonce) || !proof) throw new Refusal('impostor')
  const message = (label: string) => new TextEncoder().encode([label, host, id, nonce, serverNonce].join('\n'))
  if (!(await crypto.subtle.verify('HMAC', key, proof, message('server')))) throw new Refusal('impostor')

  const sign = async (label: string) => new Uint8Array(await crypto.subtle.sign('HMAC', key, message(label)))
  channel.send({ proof: toBase64Url(await sign('page')) })
  const ready = answer(await channel.receive(), 'ready')
  if (typeof ready.browser !== 'string') throw new Refusal('impostor')
  return { id: ready.browser, key: kind === 'code' ? await importKey(await sign('browser')) : key }
}

/** Returns the expected part of a message; throws `Refusal` if it is another message. */
function answer(text: string, expected: 'challenge' | 'ready'): Record<string, unknown> {
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    throw new Refusal('impostor')
  }
  if (typeof message !== 'object' || message === null) throw new Refusal('impostor')
  const { refused, [expected]: found } = message as Record<string, unknown>
  if (REASONS.includes(refused)) throw new Refusal(refused as RefusalReason)
  if (typeof found !== 'object' || found === null) throw new Refusal('impostor')
  return found as Record<string, unknown>
}
