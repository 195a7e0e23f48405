import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { command } from './engine'
import { expect, test } from './fixtures'
import { sendAll } from './otlp'

/** Delays the requests of a command until the returned function is called. */
async function delay(page: Page, command: string): Promise<() => void> {
  let release = () => undefined as void
  const gate = new Promise<void>((done) => (release = done))
  await page.routeWebSocket('**/api/session', (socket) => {
    const engine = socket.connectToServer()
    socket.onMessage(async (message) => {
      const { call, name } = JSON.parse(String(message)) as { call?: number; name?: string }
      if (call !== undefined && name === command) await gate
      engine.send(message)
    })
  })
  return release
}

test('a search retains a trailing space while typing', async ({ page, shop, visit }) => {
  await page.clock.install()
  await visit(shop, '#/logs')
  const field = page.getByRole('textbox', { name: 'Search the logs' })
  await field.pressSequentially('payment ')
  await expect(page).toHaveURL(/q=payment(&|$)/)
  await expect(field).toHaveValue('payment ')
  await field.pressSequentially('severity>=info')
  await expect(field).toHaveValue('payment severity>=info')
  await expect(page).toHaveURL(/q=payment\+severity/)
  await page.goBack()
  await expect(field).toHaveValue('payment')
  // A view that is left while typing must not change the next one.
  await field.pressSequentially('x')
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Traces' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Traces' })).toBeVisible()
  // Runs the timers that the search field may have left behind.
  await page.clock.runFor(1000)
  expect(page.url()).not.toContain('q=')
})

test('a query of a metric stays while the catalog arrives', async ({ page, shop, visit }) => {
  const release = await delay(page, 'metric_catalog')
  await visit(shop, '#/metrics?metric=system.cpu.time')
  const query = page.getByRole('textbox', { name: 'Query' })
  const written = await query.inputValue()
  await query.fill('maximum(system.cpu.utilization)')
  release()
  await expect(page.getByRole('button', { name: /^system\.cpu\.time/ })).toBeVisible()
  await expect(query).toHaveValue('maximum(system.cpu.utilization)')
  expect(written).not.toBe('maximum(system.cpu.utilization)')
  await query.press('Enter')
  await expect(page).toHaveURL(/metric=system\.cpu\.utilization/)
})

test('an option reached by the keyboard stays chosen while more arrive', async ({ page, shop, visit }) => {
  const release = await delay(page, 'metric_catalog')
  await visit(shop, '#/analysis')
  const field = page.getByRole('combobox', { name: 'Target' })
  await field.fill('c')
  await expect(page.getByRole('option').nth(1)).toBeVisible()
  await field.press('ArrowDown')
  const walked = page.locator('[role="option"][data-highlighted]')
  const name = (await walked.textContent()) ?? ''
  release()
  await expect(page.getByRole('option', { name: /system\.cpu\.time/ })).toBeVisible()
  await expect(walked).toHaveText(name)
})

test('the palette retains the item reached by the keyboard, or else the best', async ({ page, shop, visit }) => {
  const release = await delay(page, 'metric_catalog')
  await visit(shop)
  await page.keyboard.press('Control+k')
  const palette = page.getByRole('dialog', { name: 'Search or jump' })
  await palette.getByRole('combobox').fill('system.cpu.time')
  await expect(palette.getByText('Loading…')).toBeVisible()
  release()
  await expect(palette.getByRole('option').first()).toHaveAttribute('data-selected')
  await palette.getByRole('combobox').fill('e')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await expect(palette.getByRole('option').nth(2)).toHaveAttribute('data-selected')
  await palette.getByRole('combobox').fill('settings')
  await expect(palette.getByRole('option').first()).toHaveAttribute('data-selected')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/#\/settings/)
})

test('text typed while a form is sent stays', async ({ page, engine, visit }) => {
  const release = await delay(page, 'add_scrape_target')
  await visit(engine.address, '#/connect')
  const source = page
    .locator('section')
    .filter({ has: page.getByRole('heading', { name: 'Prometheus metrics', exact: true }) })
  await source.getByLabel('Address').fill('http://127.0.0.1:9/metrics')
  await source.getByRole('button', { name: 'Add' }).click()
  await source.getByLabel('Address').fill('http://127.0.0.1:10/metrics')
  release()
  await expect(source.getByRole('button', { name: 'Add' })).toBeEnabled()
  await expect(source.getByLabel('Address')).toHaveValue('http://127.0.0.1:10/metrics')
})

test('a report can be given a title from nothing', async ({ page, shop, visit }) => {
  await visit(shop, '#/reports')
  const title = page.getByRole('textbox', { name: 'Title' })
  await title.fill('')
  await expect(title).toHaveValue('')
  await title.pressSequentially('The week of the move')
  await expect(title).toHaveValue('The week of the move')
  await expect(page).toHaveURL(/title=The\+week\+of\+the\+move/)
})

test('the edited settings file stays while another view is shown', async ({ page, engine, visit }) => {
  await visit(engine.address, '#/settings/file')
  const file = page.getByRole('textbox', { name: 'Settings file' })
  await expect(file).toContainText('[host]')
  await file.fill('[host]\ninterval_seconds = 7\n')
  await page.getByRole('main').getByRole('link', { name: 'Data' }).click()
  await expect(page.getByRole('heading', { name: 'Retention' })).toBeVisible()
  await page.getByRole('main').getByRole('link', { name: 'File' }).click()
  await expect(file).toContainText('interval_seconds = 7')
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect(file).not.toContainText('interval_seconds = 7')
})

test('a rejected setting stays in its field', async ({ page, engine, visit }) => {
  await visit(engine.address, '#/settings')
  const address = page.getByRole('textbox', { name: 'Prometheus remote write' })
  await address.fill('nowhere at all')
  await address.press('Enter')
  await expect(address).toHaveAttribute('aria-invalid', 'true')
  await expect(address).toHaveValue('nowhere at all')
  await address.press('Escape')
  await expect(address).not.toHaveValue('nowhere at all')
})

test('a mistyped port stays in its field', async ({ page, shop, visit }) => {
  await visit(shop, '#/health/new?kind=tcp')
  const port = page.getByRole('dialog').getByRole('textbox', { name: 'Port' })
  await port.fill('443')
  await port.pressSequentially('x')
  await expect(port).toHaveValue('443x')
  await expect(port).toHaveAttribute('aria-invalid', 'true')
  await page.getByRole('dialog').getByRole('button', { name: 'Redis' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'TCP port' }).click()
  await expect(port).toHaveValue('443')
})

test('a line that is open stays in address while new ones arrive', async ({ page, engine, visit }) => {
  await sendAll(engine.address, 'till', ['the line to read'], 'first')
  await visit(engine.address, '#/logs?q=service%3Dtill')
  const line = page.getByRole('button', { name: /the line to read/ })
  await line.click()
  await expect(line).toHaveAttribute('aria-expanded', 'true')
  const before = await line.boundingBox()
  await sendAll(engine.address, 'till', ['a newer line', 'another newer line'], 'second')
  await expect(page.getByRole('button', { name: '2 new lines' })).toBeVisible()
  expect((await line.boundingBox())?.y).toBe(before?.y)
  await line.click()
  await expect(page.getByRole('button', { name: /another newer line/ })).toBeVisible()
})

test('a rule closed by mistake is reopened as it was', async ({ page, shop, visit }) => {
  await visit(shop, '#/alerts/rules/new?metric=system.memory.utilization')
  await page.getByLabel('Name', { exact: true }).fill('Half a rule')
  await page.getByRole('button', { name: 'critical' }).click()
  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(/#\/alerts\/rules$/)
  await page.getByRole('button', { name: 'Reopen' }).click()
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('Half a rule')
  await expect(page.getByRole('button', { name: 'critical' })).toHaveAttribute('aria-pressed', 'true')
})

test('a settings file that was changed elsewhere is not overwritten unseen', async ({ page, engine, visit }) => {
  await visit(engine.address, '#/settings/file')
  const file = page.getByRole('textbox', { name: 'Settings file' })
  await expect(file).toContainText('[host]')
  await file.fill('[host]\ninterval_seconds = 7\n')
  await writeFile(join(engine.address.folder, 'data', 'settings.toml'), '[host]\ninterval_seconds = 9\n')
  await expect
    .poll(async () => (await command<{ text: string }>(engine.address, 'settings', {})).text)
    .toContain('interval_seconds = 9')
  const save = page.getByRole('button', { name: 'Save', exact: true })
  await save.click()
  await expect(page.getByText(/changed elsewhere/)).toBeVisible()
  await expect(file).toContainText('interval_seconds = 7')
  await save.click()
  await expect(page.getByText('Settings saved')).toBeVisible()
  expect((await command<{ text: string }>(engine.address, 'settings', {})).text).toContain('interval_seconds = 7')
})

test('a settings file that is edited elsewhere is shown at once', async ({ page, engine, visit }) => {
  const file = join(engine.address.folder, 'data', 'settings.toml')
  await visit(engine.address, '#/settings/file')
  const shown = page.getByRole('textbox', { name: 'Settings file' })
  await expect(shown).toContainText('[host]')
  await writeFile(file, '# by hand\n[host]\ninterval_seconds = 9\n')
  await expect(shown).toContainText('# by hand')
  await writeFile(file, '# by hand\n[host]\ninterval_second = 9\n')
  await expect(page.getByText(/interval_seconds/)).toBeVisible()
})

test('Enter opens the metric that was searched for, not the one listed before', async ({ page, shop, visit }) => {
  await visit(shop, '#/metrics')
  await expect(page.getByRole('button', { name: /^binnacle_/ }).first()).toBeVisible()
  const field = page.getByRole('searchbox', { name: 'Find a metric' })
  await field.fill('http.server.request.duration')
  await field.press('Enter')
  await expect(page).toHaveURL(/metric=http\.server\.request\.duration/)
  await expect(page.getByRole('heading', { name: 'http.server.request.duration' })).toBeVisible()
})

test('the form of a new check has the focus and stays on a press outside', async ({ page, shop, visit }) => {
  await visit(shop, '#/health')
  await page.getByRole('button', { name: 'New check' }).click()
  const address = page.getByRole('dialog').getByLabel('Address', { exact: true })
  await expect(address).toBeFocused()
  await page.keyboard.type('http://127.0.0.1/')
  await page.mouse.click(5, 5)
  await expect(address).toHaveValue('http://127.0.0.1/')
})
