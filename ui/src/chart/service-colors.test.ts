import { expect, it } from 'vitest'
import { PALETTE_SIZE } from './palette'
import { colourOf, identity, lineColour, slotsOf } from './service-colors.svelte'

const SHOP = ['gateway', 'catalog', 'search', 'cart', 'checkout', 'payments', 'mailer']

it('gives each service a colour of its own, which stays when others come', () => {
  const slots = slotsOf(SHOP)
  expect(new Set(slots.values()).size).toBe(SHOP.length)
  const more = slotsOf([...SHOP, 'billing', 'audit'])
  for (const service of SHOP) expect(more.get(service)).toBe(slots.get(service))
  expect(new Set(more.values()).size).toBe(PALETTE_SIZE)
})

it('has the engine asked again once for a service that it did not tell of', async () => {
  identity.meet(SHOP)
  const before = identity.strangers
  const first = colourOf('billing')
  expect(colourOf('billing')).toBe(first)
  await Promise.resolve()
  expect(identity.strangers).toBe(before + 1)
  identity.meet([...SHOP, 'billing'])
  const taken = SHOP.map(colourOf)
  expect(taken).not.toContain(colourOf('billing'))
})

it('draws a line that stands for a service in the colour the service has in lists', () => {
  identity.meet(SHOP)
  expect(lineColour({ 'service.name': 'checkout' })).toBe(colourOf('checkout'))
  expect(lineColour({ service: 'checkout', operation: 'GET /' })).toBeUndefined()
  expect(lineColour({ host: 'checkout' })).toBeUndefined()
})
