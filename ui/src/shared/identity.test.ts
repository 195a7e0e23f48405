import { expect, it } from 'vitest'
import { PALETTE_SIZE } from './chart/palette'
import { colourOf, identity, lineColour, withSlots } from './identity.svelte'

const SHOP = ['gateway', 'catalog', 'search', 'cart', 'checkout', 'payments', 'mailer']

it('gives each service a colour of its own, whatever the order they are met in', () => {
  const slots = withSlots(new Map(), SHOP)
  expect(new Set(slots.values()).size).toBe(SHOP.length)
  expect(withSlots(new Map(), SHOP.toReversed())).toEqual(slots)
  const more = withSlots(slots, ['billing', 'audit'])
  for (const service of SHOP) expect(more.get(service)).toBe(slots.get(service))
  expect(new Set(more.values()).size).toBe(PALETTE_SIZE)
})

it('draws a line that stands for a service in the colour the service has in lists', () => {
  identity.meet(SHOP)
  expect(lineColour({ 'service.name': 'checkout' })).toBe(colourOf('checkout'))
  expect(lineColour({ service: 'checkout', operation: 'GET /' })).toBeUndefined()
  expect(lineColour({ host: 'checkout' })).toBeUndefined()
})
