import { describe, expect, it } from 'vitest'
import { rank, score, type PaletteItem } from './palette'

describe('the command palette', () => {
  const item = (label: string, group: PaletteItem['group']): PaletteItem => ({
    id: label,
    label,
    group,
    run: () => undefined,
  })
  it('ranks prefixes before substrings before scattered letters', () => {
    expect(score('checkout', 'check')).toBeGreaterThan(score('a checkout', 'check'))
    expect(score('a checkout', 'check')).toBeGreaterThan(score('rechecked', 'check'))
    expect(score('rechecked', 'check')).toBeGreaterThan(score('c h e c k', 'check'))
    expect(score('logs', 'xyz')).toBe(0)
  })
  it('lists views and actions for an empty text, and all matching items otherwise', () => {
    const items = [item('Logs', 'Views'), item('checkout', 'Services'), item('Pause', 'Actions')]
    expect(rank(items, '').map(({ label }) => label)).toEqual(['Logs', 'Pause'])
    expect(rank(items, 'check').map(({ label }) => label)).toEqual(['checkout'])
  })
})
