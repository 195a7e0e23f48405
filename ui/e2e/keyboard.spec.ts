import { expect, test } from './fixtures'

test('g and a letter go to every view', async ({ page, shop, visit }) => {
  await visit(shop)
  const views = {
    s: 'services',
    m: 'metrics',
    l: 'logs',
    t: 'traces',
    h: 'health',
    a: 'alerts',
    n: 'analysis',
    r: 'reports',
    c: 'connect',
    e: 'settings',
    o: 'overview',
  }
  for (const [key, view] of Object.entries(views)) {
    await page.keyboard.press('g')
    await page.keyboard.press(key)
    await expect(page).toHaveURL(new RegExp(`#/${view}`))
    await expect(page.getByRole('navigation', { name: 'Views' }).locator('[aria-current="page"]')).toHaveText(
      new RegExp(view, 'i'),
    )
  }
})

test('the palette finds views, services and metrics and opens them', async ({ page, shop, visit }) => {
  await visit(shop)
  const palette = page.getByRole('dialog', { name: 'Search or jump' })
  const field = palette.getByRole('combobox')
  for (const [typed, label, address] of [
    ['payments', 'payments', /#\/services\/payments/],
    ['memory.utilization', 'system.memory.utilization', /#\/metrics\?.*metric=system\.memory\.utilization/],
    ['closed port', 'closed port', /#\/health\/.+/],
    ['machine is on', 'Machine is on', /#\/alerts\/rules\/.+/],
    ['settings', 'Settings', /#\/settings/],
  ] as const) {
    await page.keyboard.press('Control+k')
    await field.fill(typed)
    await expect(palette.getByRole('option').filter({ hasText: label }).first()).toBeVisible()
    await page.keyboard.press('Enter')
    await expect(page).toHaveURL(address)
    await expect(palette).toHaveCount(0)
  }
  await page.keyboard.press('Control+k')
  await field.fill('nothing has this name')
  await expect(palette.getByText(/No results for/)).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(palette).toHaveCount(0)
})

test('? lists the shortcuts, / focuses the search and Esc leaves it', async ({ page, shop, visit }) => {
  await visit(shop, '#/logs')
  await page.keyboard.press('?')
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await expect(help.getByText('Wrap long lines')).toBeVisible()
  await expect(help.getByText('Search or jump')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(help).toHaveCount(0)
  await page.keyboard.press('/')
  const search = page.getByRole('textbox', { name: 'Search the logs' })
  await expect(search).toBeFocused()
  await page.keyboard.type('g s?')
  await expect(page).toHaveURL(/#\/logs/)
  await page.keyboard.press('Escape')
  await expect(search).not.toBeFocused()
})

test('the list of log lines is walked with j, k and Enter', async ({ page, shop, visit }) => {
  await visit(shop, '#/logs?live=off')
  const lines = page.getByRole('region', { name: 'Log lines' })
  await expect(lines.locator('button[aria-expanded]').nth(2)).toBeVisible()
  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  await expect(lines.locator('button[aria-expanded="true"]')).toHaveCount(1)
  await page.keyboard.press('Escape')
  await expect(lines.locator('button[aria-expanded="true"]')).toHaveCount(0)
})

test('two days of the range calendar are chosen by keyboard', async ({ page, shop, visit }) => {
  const noon = (day: number) => new Date(2026, 2, day, 12).getTime()
  await visit(shop, `#/overview?from=${noon(10)}&to=${noon(12)}`)
  await page.keyboard.press('t')
  const dialog = page.getByRole('dialog', { name: 'Time range' })
  const calendar = dialog.getByRole('application')
  await expect(calendar.getByText('March 2026')).toBeVisible()
  const focused = dialog.locator(':focus')
  await expect(focused).toHaveText('Last 5 minutes')
  const days = calendar.locator('[data-range-calendar-day]:focus')
  for (let steps = 0; steps < 30 && !(await days.count()); steps++) await page.keyboard.press('Tab')
  await expect(days).toHaveText('10')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowDown')
  await expect(days).toHaveText('18')
  await page.keyboard.press('Enter')
  await expect(calendar.locator('[data-range-calendar-day][data-selected]')).toHaveCount(8)
  await dialog.getByRole('button', { name: 'Apply' }).press('Enter')
  const [from, to] = [new Date(2026, 2, 11).getTime(), new Date(2026, 2, 18, 23, 59, 59).getTime()]
  await expect(page).toHaveURL(new RegExp(`from=${from}&to=${to}`))
  await expect(dialog).toHaveCount(0)
})
