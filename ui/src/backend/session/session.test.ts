import { tableFromArrays, tableToIPC } from '@uwdata/flechette'
import { describe, expect, it } from 'vitest'
import { decodeSeries } from '../arrow'
import { parseLink } from './credentials'
import { toBase64Url } from './encoding'
import { decodeBinary } from './frames'

const SECRET = new Uint8Array(32).fill(7)

describe('a link', () => {
  const code = `00000000000000aa.${toBase64Url(SECRET)}`

  it('has a code and may name a view', () => {
    expect(parseLink(`#code=${code}`)).toEqual({ id: '00000000000000aa', secret: SECRET, rest: '' })
    expect(parseLink(`#code=${code}#/logs?q=a`)?.rest).toBe('#/logs?q=a')
  })

  it.each(['', '#/logs', '#code=', `#code=${code}x`, `#/code=${code}`, `#code=${code.slice(0, -1)}`])(
    'is not %j',
    (fragment) => expect(parseLink(fragment)).toBeNull(),
  )
})

describe('a binary message', () => {
  it('has a header and bytes', () => {
    const header = new TextEncoder().encode(JSON.stringify({ reply: 3, kind: 'series' }))
    const message = new Uint8Array([0, 0, 0, header.length, ...header, 1, 2, 3])
    const { reply, value } = decodeBinary(message.buffer)
    expect([reply, ...value.bytes]).toEqual([3, 1, 2, 3])
  })
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('may have series after a header with %i more bytes', (more) => {
    const series = tableToIPC(tableFromArrays({ labels: ['{}'], time: [1000], value: [1.5] }), { format: 'stream' })
    const kind = { reply: 1, kind: 's'.repeat(more) }
    const header = new TextEncoder().encode(JSON.stringify(kind))
    const message = new Uint8Array([0, 0, 0, header.length, ...header, ...(series ?? [])])
    const { value } = decodeBinary(message.buffer)
    expect(decodeSeries(value.bytes).series).toEqual([{ labels: {}, times: [1e9], values: [1.5] }])
  })
})
