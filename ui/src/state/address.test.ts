import { describe, expect, it } from 'vitest'
import { formatAddress, mergeParameters, parseAddress } from './address'

describe('addresses', () => {
  it('are parsed as they were written', () => {
    const address = formatAddress(['services', 'a/b c'], new URLSearchParams({ q: 'x=1 & y' }))
    expect(parseAddress(address)).toEqual({
      path: ['services', 'a/b c'],
      params: new URLSearchParams({ q: 'x=1 & y' }),
    })
  })

  it('fall back to the overview and survive broken escapes', () => {
    expect(parseAddress('').path).toEqual(['overview'])
    expect(parseAddress('#/logs/%E0%A4').path).toEqual(['logs', '%E0%A4'])
  })

  it('retain range and filters but not the parameters of a view', () => {
    const current = new URLSearchParams('from=now-1h&f=service%3Da&f=host%3Db&q=old')
    expect(mergeParameters(current, { q: 'new' }).toString()).toBe('from=now-1h&f=service%3Da&f=host%3Db&q=new')
    expect(mergeParameters(current, {}).has('q')).toBe(false)
    expect(mergeParameters(current, { f: null, from: 5 }, true).toString()).toBe('q=old&from=5')
  })
})
