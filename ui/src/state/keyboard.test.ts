import { describe, expect, it } from 'vitest'
import { keyName } from './keyboard.svelte'

describe('keys', () => {
  it('have one name each', () => {
    const event = { ctrlKey: false, metaKey: false, altKey: false }
    expect(keyName({ ...event, key: 'K', metaKey: true })).toBe('mod+k')
    expect(keyName({ ...event, key: '?' })).toBe('?')
    expect(keyName({ ...event, key: 'Escape' })).toBe('escape')
  })
})
