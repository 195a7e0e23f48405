import type { Page } from '@playwright/test'
import { visibleBlock, visibleLine } from '../src/format/visible-text'
import { expect, expectDrawn, test } from './fixtures'
import { sendAll } from './otlp'

const MARKUP = `"><script>window.broken=1</script><img src=x onerror="window.broken=2">'`
const RIGHT_TO_LEFT = 'خدمة \u202eevil\u202c שירות'
const LONG = `${'a long line without an end '.repeat(190)}the end`

const expectWhole = async (page: Page) => {
  expect(await page.evaluate(() => (window as { broken?: number }).broken)).toBeUndefined()
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  expect(wide, 'the page is not wider than the window').toBeLessThanOrEqual(0)
  const text = await page.evaluate(() => document.documentElement.textContent ?? '')
  expect(text, 'no hidden character is on the page').toBe(visibleBlock(text))
}

for (const [what, service, shown] of [
  ['markup and quotes', MARKUP, '<script>window'],
  ['right-to-left text', RIGHT_TO_LEFT, 'خدمة'],
  ['5,000 characters', 'x'.repeat(5000), 'xxxxxxxxxx'],
] as const) {
  test(`a service named with ${what} breaks nothing`, async ({ page, engine, visit }) => {
    const name = visibleLine(service).slice(0, 20)
    const traceId = await sendAll(
      engine.address,
      service,
      [service, LONG, `a\nb\u0000\u001b[31mred\u200f`],
      service.slice(0, 200),
    )
    await visit(engine.address, '#/overview?from=now-15m')
    await expect(page.getByRole('main').getByRole('link', { name }).first()).toBeVisible()
    await expectWhole(page)

    await page
      .getByRole('main')
      .getByRole('link', { name })
      .first()
      .click({ position: { x: 8, y: 8 } })
    await expect(page.getByRole('heading', { level: 1 })).toContainText(name)
    await expectWhole(page)

    await visit(engine.address, '#/logs?from=now-15m')
    const lines = page.getByRole('region', { name: 'Log lines' })
    await lines.getByText('a long line without an end').first().click()
    await expect(lines.locator('pre').getByText('the end')).toBeVisible()
    await expect(lines.getByText('␀␛[31mred<U+200F>').first()).toBeVisible()
    await expectWhole(page)

    await visit(engine.address, `#/traces/${traceId}?from=now-15m`)
    await page.getByRole('tree', { name: 'Spans' }).getByRole('treeitem').first().click()
    await expect(page.getByRole('complementary').getByText('trace_id')).toBeVisible()
    await expectWhole(page)

    await visit(engine.address, '#/metrics?metric=hostile.gauge&by=note&from=now-15m')
    await expectDrawn(page, 'figure.chart')
    await expectWhole(page)

    await visit(engine.address, '#/reports?from=now-15m')
    await expect(page.frameLocator('iframe').getByText(shown).first()).toBeVisible()
    await expectWhole(page)
  })
}

test('the live tail shows what arrives while it is open', async ({ page, engine, visit }) => {
  await visit(engine.address, '#/logs')
  await expect(page.getByText('No log lines in this time')).toBeVisible()
  await sendAll(engine.address, 'tail-source', ['the first line that came in live'], 'word')
  await expect(page.getByText('the first line that came in live')).toBeVisible()
  await sendAll(engine.address, 'tail-source', ['the second line that came in live'], 'word')
  await expect(page.getByText('the second line that came in live')).toBeVisible()
})
