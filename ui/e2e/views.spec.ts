import { consoleLink } from './engine'
import { expect, expectDrawn, test } from './fixtures'

const SERVICES = ['gateway', 'catalog', 'search', 'cart', 'checkout', 'payments', 'mailer']

test('the overview shows services, checks, what fires and the vital signs of this machine', async ({
  page,
  shop,
  visit,
}) => {
  await visit(shop)
  for (const name of SERVICES)
    await expect(page.getByRole('main').getByRole('link', { name, exact: true })).toBeVisible()
  await expect(page.getByText('closed port').first()).toBeVisible()
  await expect(page.getByText('Machine is on').first()).toBeVisible()
  await expect(page.getByRole('link', { name: /^CPU: [\d.]+ %/ })).toBeVisible()
  await expect(page.getByRole('link', { name: /^Memory: [\d.]+ GiB/ })).toBeVisible()
  await expect(page.getByRole('link', { name: /^CPU/ }).locator('svg path').first()).toBeVisible()
})

test('services link to one service with its charts, operations and neighbours', async ({ page, shop, visit }) => {
  await visit(shop, '#/services')
  await page.getByRole('main').getByRole('link', { name: 'checkout', exact: true }).click()
  await expect(page).toHaveURL(/#\/services\/checkout/)
  await expect(page.getByRole('heading', { level: 1, name: 'checkout' })).toBeVisible()
  await expect(page.getByText('POST /orders')).toBeVisible()
  for (const title of ['Rate', 'Errors', 'Duration']) await expectDrawn(page, `figure[aria-label="${title}"]`)
  await page.getByRole('link', { name: 'failed traces' }).click()
  await expect(page).toHaveURL(/#\/traces\?.*errors=1/)
  await expect(page.getByRole('row').nth(1)).toBeVisible()
})

test('metrics are found by typing and drawn, grouped by a tag', async ({ page, shop, visit }) => {
  await visit(shop, '#/metrics')
  await page.getByRole('searchbox', { name: 'Find a metric' }).fill('http.server.request.dur')
  await page.getByRole('button', { name: /^http\.server\.request\.duration/ }).click()
  await expect(page).toHaveURL(/metric=http\.server\.request\.duration/)
  await expectDrawn(page, 'figure.chart')
  await visit(shop, '#/metrics?metric=http.server.requests&by=service.name&agg=rate')
  await expectDrawn(page, 'figure.chart')
  await expect(page.getByRole('list', { name: 'Series' }).getByText('gateway')).toBeVisible()
})

test('logs are searched, opened and link to their trace', async ({ page, shop, visit }) => {
  await visit(shop, '#/logs')
  const lines = page.getByRole('region', { name: 'Log lines' })
  await expect(lines.getByRole('button').first()).toBeVisible()
  await page.getByRole('textbox', { name: 'Search the logs' }).fill('service=checkout severity>=error')
  await expect(page).toHaveURL(/q=service%3Dcheckout/)
  await expect(lines.locator('.severity').first()).toHaveText('error')
  await expect(lines.getByText('info', { exact: true })).toHaveCount(0)
  await lines.locator('button[aria-expanded]').first().click()
  await expect(lines.getByText('service.name', { exact: true }).first()).toBeVisible()
  await lines.getByRole('link', { name: 'trace', exact: true }).first().click()
  await expect(page).toHaveURL(/#\/traces\/[0-9a-f]{32}/)
  await expect(page.getByRole('tree', { name: 'Spans' }).getByRole('treeitem').first()).toBeVisible()
})

test('an invalid search shows the position of the fault', async ({ page, shop, visit }) => {
  await visit(shop, '#/logs?q=severity%3E%3Dloud')
  await expect(page.getByRole('textbox', { name: 'Search the logs' })).toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByText('expected trace, debug, info')).toBeVisible()
})

test('traces link to a waterfall, a span and its logs', async ({ page, shop, visit }) => {
  await visit(shop, '#/traces?q=name%3D%22POST%20%2Fcheckout%22&order=slowest')
  await expectDrawn(page, 'main')
  await page
    .getByRole('main')
    .getByRole('link', { name: /POST \/checkout/ })
    .first()
    .click()
  const spans = page.getByRole('tree', { name: 'Spans' })
  await expect(spans.getByRole('treeitem').nth(3)).toBeVisible()
  await spans.getByRole('treeitem').first().click()
  const drawer = page.getByRole('complementary')
  await expect(drawer.getByText('trace_id')).toBeVisible()
  await expect(drawer.getByText('http.request.method')).toBeVisible()
  await expect(page).toHaveURL(/span=[0-9a-f]{16}/)
  await page.keyboard.press('Escape')
  await expect(drawer).toHaveCount(0)
})

test('a service has the same colour in another browser that met others first', async ({
  page,
  shop,
  visit,
  browser,
}) => {
  const colours = (at: typeof page) =>
    at
      .locator('a.root > span:first-child')
      .evaluateAll((names) => Object.fromEntries(names.map((name) => [name.textContent, getComputedStyle(name).color])))
  await visit(shop, '#/traces')
  await expect(page.locator('a.root').first()).toBeVisible()
  const context = await browser.newContext()
  const other = await context.newPage()
  await other.goto(await consoleLink(shop, '#/logs?q=service%3Dpayments'))
  await expect(other.getByRole('region', { name: 'Log lines' }).locator('.service').first()).toHaveText('payments')
  await other.goto(await consoleLink(shop, '#/traces'))
  await expect(other.locator('a.root').first()).toBeVisible()
  await expect
    .poll(async () => {
      const [here, there] = [await colours(page), await colours(other)]
      return 'gateway' in here && here.gateway === there.gateway && here.mailer === there.mailer
    })
    .toBe(true)
  const here = await colours(page)
  expect(new Set(Object.values(here)).size).toBe(Object.keys(here).length)
  await context.close()
})

test('health shows each check, and one check its history', async ({ page, shop, visit }) => {
  await visit(shop, '#/health')
  const row = page.getByRole('row').filter({ hasText: 'closed port' })
  await expect(row).toContainText('unhealthy')
  await expect(row).toContainText('refused')
  await page.getByRole('main').getByRole('link', { name: 'console page' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'console page' })).toBeVisible()
  await page.getByRole('button', { name: 'Check now' }).click()
  await expect(page.getByText(/console page is healthy/)).toBeVisible()
  await expectDrawn(page, 'figure.chart')
})

test('an alert that fires shows its evidence', async ({ page, shop, visit }) => {
  await visit(shop, '#/alerts')
  const card = page.getByRole('article').filter({ hasText: 'Machine is on' })
  await expect(card).toContainText(/[\d.]+%, threshold 0\.01%/)
  await card.getByRole('link', { name: 'evidence' }).click()
  await expect(page.getByRole('complementary')).toContainText('Machine is on')
  await expect(page).toHaveURL(/alert=/)
  for (const tab of ['Rules', 'History', 'Notifications', 'Silences']) {
    await page.getByRole('main').getByRole('link', { name: tab }).click()
    await expect(page).toHaveURL(new RegExp(`#/alerts/${tab.toLowerCase()}`))
  }
})

test('a firing rule has the same mark in the list, among the rules and in the history', async ({
  page,
  shop,
  visit,
}) => {
  for (const [view, role] of [
    ['alerts', 'article'],
    ['alerts/rules', 'row'],
    ['alerts/history', 'row'],
    ['alerts/notifications', 'row'],
  ] as const) {
    await visit(shop, `#/${view}`)
    const alert = page.getByRole(role).filter({ hasText: 'Machine is on' }).first()
    await expect(alert.locator('.state.degraded'), view).toBeVisible()
    await expect(alert).toContainText('%')
  }
})

test('analysis gives the band, the trend and the comparison of a service', async ({ page, shop, visit }) => {
  await visit(shop, '#/analysis?service=gateway&measure=p95')
  await expectDrawn(page, 'figure.chart')
  await expect(page.getByRole('heading', { name: 'Trend' })).toBeVisible()
  // The trend of the data of this moment is significant or not.
  await expect(page.getByText(/95% CI .* per hour|per hour \(95% CI/)).toBeVisible()
  await expect(page.getByText(/^From \d+ points/)).toBeVisible()
  await page.getByRole('button', { name: 'day before' }).click()
  await expect(page).toHaveURL(/against=day/)
  await page.getByRole('button', { name: 'custom' }).click()
  await expect(page.getByLabel('Before, from')).toBeVisible()
  await expect(page.getByRole('row', { name: /Median/ })).toBeVisible()
})

test('a report is shown and saved as a page and as data', async ({ page, shop, visit }) => {
  await visit(shop, '#/reports?title=Weekly%20summary')
  const preview = page.frameLocator('iframe')
  await expect(preview.getByRole('heading', { name: 'Weekly summary' })).toBeVisible()
  await expect(preview.getByText('checkout').first()).toBeVisible()
  expect(await page.locator('iframe').getAttribute('srcdoc')).not.toContain('<script')
  for (const [button, ending, first] of [
    ['Page (HTML)', 'html', '<!doctype html>'],
    ['Data (CSV)', 'csv', 'service'],
  ] as const) {
    const started = page.waitForEvent('download')
    await page.getByRole('button', { name: button, exact: true }).click()
    const download = await started
    expect(download.suggestedFilename()).toBe(`Weekly-summary.${ending}`)
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    expect(text.slice(0, 400).toLowerCase()).toContain(first)
    expect(text).toContain('checkout')
  }
})

test('the connect view shows settings to copy and counts received data', async ({ page, shop, visit }) => {
  await visit(shop, '#/connect')
  await expect(page.getByText(`OTEL_EXPORTER_OTLP_ENDPOINT=http://${shop.otlpGrpc}`)).toBeVisible()
  await expect(page.getByText(/samples, .* lines, .* spans/)).toBeVisible()
  await page.getByRole('button', { name: 'HTTP', exact: true }).click()
  await expect(page.getByText(`http://${shop.otlpHttp}`)).toBeVisible()
})
