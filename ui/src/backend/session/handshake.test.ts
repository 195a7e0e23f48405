import { describe, expect, it } from 'vitest'
import { newNonce, parseBytes, toBase64Url } from './encoding'
import { importKey, prove, Refusal, type Channel, type Credential } from './handshake'

const HOST = '127.0.0.1:7171'
const SECRET = new Uint8Array(32).map((_, index) => index)
const ID = '00000000000000aa'

const credential = async (secret = SECRET): Promise<Credential> => ({
  kind: 'code',
  id: ID,
  key: await importKey(secret),
})

async function mac(secret: Uint8Array<ArrayBuffer>, ...parts: string[]): Promise<string> {
  const key = await importKey(secret)
  return toBase64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(parts.join('\n')))))
}

/** An engine, or what another program does in its place. `sent` has the page's messages. */
function engine(secret: Uint8Array<ArrayBuffer>, host = HOST, challenge?: (nonce: string) => unknown) {
  const sent: Record<string, unknown>[] = []
  const serverNonce = newNonce()
  const channel: Channel = {
    send: (message) => sent.push(message as Record<string, unknown>),
    receive: async () => {
      const { nonce = '' } = (sent[0]?.hello ?? {}) as { nonce?: string }
      if (sent.length === 1) {
        if (challenge) return JSON.stringify(challenge(nonce))
        const proof = await mac(secret, 'server', host, ID, nonce, serverNonce)
        return JSON.stringify({ challenge: { nonce: serverNonce, proof } })
      }
      const proven = sent[1]?.proof === (await mac(secret, 'page', host, ID, nonce, serverNonce))
      return JSON.stringify(proven ? { ready: { browser: 'b' } } : { refused: 'proof' })
    },
  }
  const browserKey = () =>
    mac(secret, 'browser', host, ID, String((sent[0]?.hello as { nonce?: string }).nonce), serverNonce)
  return { channel, sent, browserKey }
}

describe('the handshake', () => {
  it('agrees with the engine on every proof', async () => {
    // The same values are in `crates/web/src/session/secret.rs`.
    const proof = (label: string) => mac(SECRET, label, HOST, ID, 'p', 's')
    expect(await proof('server')).toBe('oN3XdNw1kKa90Fs3vRoPcWMIMYlsAe-5F1Z9w11EVFc')
    expect(await proof('page')).toBe('FTsHMkHp3sRwNPhXy6yxQHzPirbM9VHlzvHs_9_TpAw')
    expect(await proof('browser')).toBe('jOlGrHdWrv-ltzcZCcdLUavk8K3f_HEAehPAjzlZV60')
  })

  it('opens a session and derives the key of the browser, which scripts cannot read', async () => {
    const { channel, sent, browserKey } = engine(SECRET)
    const browser = await prove(channel, await credential(), HOST)
    expect(browser.id).toBe('b')
    expect(JSON.stringify(sent)).not.toContain(toBase64Url(SECRET))
    await expect(crypto.subtle.exportKey('raw', browser.key)).rejects.toThrow()
    const derived = await importKey(parseBytes(await browserKey()) ?? new Uint8Array(32))
    const text = new TextEncoder().encode('text')
    const signed = await crypto.subtle.sign('HMAC', browser.key, text)
    expect(await crypto.subtle.verify('HMAC', derived, signed, text)).toBe(true)
  })

  const nonce = newNonce()
  it.each<[string, Parameters<typeof engine>]>([
    ['has another secret', [new Uint8Array(32), HOST]],
    ['passes the messages on from another port', [SECRET, '127.0.0.1:7172']],
    ['sends no proof', [SECRET, HOST, () => ({ challenge: { nonce } })]],
    ['returns the nonce of the page', [SECRET, HOST, (own) => ({ challenge: { nonce: own, proof: own } })]],
    ['claims success at once', [SECRET, HOST, () => ({ ready: { browser: 'b' } })]],
    ['sends something else', [SECRET, HOST, () => 7]],
    ['invents a reason', [SECRET, HOST, () => ({ refused: 'send me everything' })]],
  ])('sends nothing but its hello to a program that %s', async (_, args) => {
    const { channel, sent } = engine(...args)
    await expect(prove(channel, await credential(), HOST)).rejects.toEqual(new Refusal('impostor'))
    expect(sent).toHaveLength(1)
    expect(Object.keys(sent[0] ?? {})).toEqual(['hello'])
  })

  it('ends with the reason of the engine', async () => {
    const { channel, sent } = engine(SECRET, HOST, () => ({ refused: 'unknown' }))
    await expect(prove(channel, await credential(), HOST)).rejects.toEqual(new Refusal('unknown'))
    expect(sent).toHaveLength(1)
  })
})
