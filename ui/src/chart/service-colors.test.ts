import { expect, it } from 'vitest'
import { PALETTE_SIZE } from './palette'
import { colourOf, serviceColors, lineColour, slotsOf } from './service-colors.svelte'

const SHOP = ['gateway', 'catalog', 'search', 'cart', 'checkout', 'payments', 'mailer']

it('gives each service its own colour, which stays when services are added', () => {
  const slots = slotsOf(SHOP)
  expect(new Set(slots.values()).size).toBe(SHOP.length)
  const more = slotsOf([...SHOP, 'billing', 'audit'])
  for (const service of SHOP) expect(more.get(service)).toBe(slots.get(service))
  expect(new Set(more.values()).size).toBe(PALETTE_SIZE)
})

it('requests the list once more for a service that is not in it', async () => {
  serviceColors.assign(SHOP)
  const before = serviceColors.unlisted
  const first = colourOf('billing')
  expect(colourOf('billing')).toBe(first)
  await Promise.resolve()
  expect(serviceColors.unlisted).toBe(before + 1)
  serviceColors.assign([...SHOP, 'billing'])
  const taken = SHOP.map(colourOf)
  expect(taken).not.toContain(colourOf('billing'))
})

it('draws the line of a service in the colour that the service has in lists', () => {
  serviceColors.assign(SHOP)
  expect(lineColour({ 'service.name': 'checkout' })).toBe(colourOf('checkout'))
  expect(lineColour({ service: 'checkout', operation: 'GET /' })).toBeUndefined()
  expect(lineColour({ host: 'checkout' })).toBeUndefined()
})
