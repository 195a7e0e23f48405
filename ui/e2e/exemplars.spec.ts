import { runPython } from './counterpart'
import { expect, expectDrawn, test } from './fixtures'

test('exemplars of the Python SDK are drawn in the chart and link to their traces', async ({ page, engine, visit }) => {
  test.setTimeout(600_000)
  const traces = JSON.parse(await runPython('exemplars.py', `http://${engine.address.otlpGrpc}`)) as Record<
    string,
    string
  >
  const chart = '#/metrics?metric=till.duration'
  await visit(engine.address, chart)
  await expectDrawn(page, 'figure.chart')
  await expect(page.getByRole('button', { name: '2 exemplars' })).toHaveAttribute('aria-pressed', 'true')
  const marks = page.getByRole('group', { name: /^Exemplars/ }).getByRole('link')
  await expect(marks).toHaveCount(2)
  const kept = page.getByRole('link', { name: new RegExp(`^50 ms at .*receipt kept, trace ${traces.kept}$`) })
  const lost = page.getByRole('link', { name: new RegExp(`^5 s at .*receipt lost, trace ${traces.lost}$`) })

  await kept.hover()
  const tip = page.locator('.tooltip')
  await expect(tip).toContainText('50 ms')
  await expect(tip).toContainText('receipt')
  await expect(tip).toContainText(traces.kept?.slice(0, 16) ?? '')
  const low = await kept.boundingBox()
  const high = await lost.boundingBox()
  expect(low && high && high.y < low.y, 'the slower one is higher').toBe(true)
  await kept.click()
  await expect(page).toHaveURL(new RegExp(`#/traces/${traces.kept}\\?.*span=[0-9a-f]{16}`))
  await expect(page.getByRole('tree', { name: 'Spans' }).getByText('pay kept')).toBeVisible()

  await visit(engine.address, chart)
  await expect(marks).toHaveCount(2)
  await marks.last().focus()
  await page.keyboard.press('Home')
  await expect(tip).toContainText('50 ms')
  await page.keyboard.press('ArrowRight')
  await expect(tip).toContainText('5 s')
  await page.keyboard.press('Escape')
  await expect(tip).toHaveCount(0)
  await page.keyboard.press('Enter')
  await expect(page.getByText(`Trace ${traces.lost} not found`)).toBeVisible()
  await expect(page.getByText('or they were not sent to Binnacle')).toBeVisible()

  await visit(engine.address, `${chart}&agg=rate`)
  await expect(marks).toHaveCount(1)
  await page.getByRole('button', { name: '2 exemplars' }).click()
  await expect(marks).toHaveCount(0)
  await expect(page).toHaveURL(/exemplars=off/)
})
