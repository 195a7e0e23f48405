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
  it('has a header and bytes', async () => {
    const header = new TextEncoder().encode(
      JSON.stringify({ reply: 3, kind: 'file', name: 'é.csv', media_type: 'text/csv' }),
    )
    const message = new Uint8Array([0, 0, 0, header.length, ...header, 1, 2, 3])
    const { reply, value } = decodeBinary(message.buffer)
    expect([reply, value.kind, value.name, value.mediaType]).toEqual([3, 'file', 'é.csv', 'text/csv'])
    expect([...new Uint8Array(await value.blob().arrayBuffer())]).toEqual([1, 2, 3])
  })
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('may have series after a header with %i more bytes', (more) => {
    const series = tableToIPC(tableFromArrays({ labels: ['{}'], time: [1000], value: [1.5] }), { format: 'stream' })
    const kind = { reply: 1, kind: 'series', name: 'n'.repeat(more), media_type: '' }
    const header = new TextEncoder().encode(JSON.stringify(kind))
    const message = new Uint8Array([0, 0, 0, header.length, ...header, ...(series ?? [])])
    const { value } = decodeBinary(message.buffer)
    expect(decodeSeries(value.bytes).series).toEqual([{ labels: {}, times: [1e9], values: [1.5] }])
  })
})
