import { expect, test } from './fixtures'

test('range, filters and search survive a reload and travel back and forward', async ({ page, shop, visit }) => {
  await visit(shop, '#/logs')
  await page.getByRole('button', { name: /^Time range/ }).click()
  await page.getByRole('button', { name: 'Last 3 hours' }).click()
  await page.getByRole('button', { name: '+ filter' }).click()
  await page.getByRole('combobox', { name: 'Filter' }).fill('service=checkout')
  await page.keyboard.press('Enter')
  const search = page.getByRole('textbox', { name: 'Search the logs' })
  await search.fill('order')
  await expect(page).toHaveURL(/q=order/)
  const shown = async () => {
    await expect(page.getByRole('button', { name: 'Time range: Last 3 hours' })).toBeVisible()
    await expect(page.getByRole('button', { name: 'Remove filter service=checkout' })).toBeVisible()
    await expect(search).toHaveValue('order')
    await expect(page.getByRole('region', { name: 'Log lines' }).locator('.service').first()).toHaveText('checkout')
  }
  await shown()
  await page.reload()
  await shown()

  await page.getByRole('navigation').getByRole('link', { name: 'Traces' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Traces' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Remove filter service=checkout' })).toBeVisible()
  await expect(page).not.toHaveURL(/q=order/)
  await page.goBack()
  await shown()
  await page.goForward()
  await expect(page.getByRole('heading', { level: 1, name: 'Traces' })).toBeVisible()
  await page.getByRole('button', { name: 'Remove filter service=checkout' }).click()
  await expect(page).not.toHaveURL(/f=/)
  await page.goBack()
  await expect(page.getByRole('button', { name: 'Remove filter service=checkout' })).toBeVisible()
})

test('the code of a link does not stay in the address', async ({ page, shop, visit }) => {
  await visit(shop)
  expect(page.url()).toBe(`http://${shop.http}/#/overview`)
})

test('an invalid address shows a view', async ({ page, shop, visit }) => {
  for (const hash of ['#/nowhere', '#//%E0%A4%A', '#/logs?from=yesterday&to=never&f=%3D%3D%3D']) {
    await visit(shop, hash)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  }
})
