import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from './fixtures'

test('an engine without data shows empty states while the vital signs move', async ({ page, engine, visit }) => {
  await visit(engine.address)
  const vital = (name: string) => page.getByRole('main').getByRole('link', { name: new RegExp(`^${name}: `) })
  await expect(vital('CPU')).toHaveAccessibleName(/[\d.]+ %/)
  await expect(vital('Memory')).toHaveAccessibleName(/[\d.]+ [KMGT]iB/)
  // All signs together: the CPU alone can stay at 100 %.
  const signs = page.getByRole('region', { name: 'This machine' })
  const before = await signs.textContent()
  await expect.poll(() => signs.textContent()).not.toBe(before)
  await expect(page.getByText('No alerts firing')).toBeVisible()
  await expect(page.getByText('No health checks yet')).toBeVisible()
  const empty: [string, RegExp][] = [
    ['#/services', /No services in this time range/],
    ['#/logs', /No log lines in this time range/],
    ['#/traces', /No traces in this time range/],
    ['#/health', /No health checks yet/],
    ['#/alerts', /No alerts firing/],
    ['#/analysis', /Choose a target/],
    ['#/services/nobody', /nobody/],
    ['#/traces/00000000000000000000000000000001', /Trace .* not found/],
    ['#/traces/zzz', /Invalid trace id/],
    ['#/health/none', /No health checks yet|There is no such check/],
    ['#/alerts/rules/none', /There is no such rule/],
    ['#/metrics?metric=none.such', /No metric named none\.such/],
  ]
  for (const [hash, words] of empty) {
    await page.evaluate((to) => (location.hash = to), hash)
    await expect(page.getByRole('main').getByText(words).first(), hash).toBeVisible()
  }
})

test('an engine that stops is shown as lost, and the page recovers when it is back', async ({
  page,
  engine,
  visit,
  faults,
}) => {
  await visit(engine.address)
  await expect(page.getByRole('main').getByRole('link', { name: /^CPU: [\d.]+ %/ })).toBeVisible()
  await page.waitForLoadState('networkidle')
  faults.allowLostConnection()
  await engine.pause()
  await expect(page.getByRole('alert').filter({ hasText: 'Connection lost for' })).toBeVisible()
  await page.getByRole('link', { name: 'Metrics' }).click()
  await expect(page.getByRole('main').getByRole('alert').first()).toContainText('no answer from the engine')
  await engine.resume()
  await expect(page.getByRole('alert')).toHaveCount(0, { timeout: 30_000 })
  await expect(page.getByRole('button', { name: /^system\.cpu\.utilization/ })).toBeVisible()
  await page.getByRole('link', { name: 'Overview' }).click()
  await expect(page.getByRole('main').getByRole('link', { name: /^CPU: [\d.]+ %/ })).toBeVisible()
})

test('the reason of a receiver that cannot listen leaves its address in view', async ({ page, engine, visit }) => {
  await engine.pause()
  const { otlpGrpc } = engine.address
  const taken = createServer().listen(Number(otlpGrpc.split(':')[1]), '127.0.0.1')
  await once(taken, 'listening')
  await engine.resume()
  await page.setViewportSize({ width: 1200, height: 800 })
  await visit(engine.address, '#/settings/engine')
  const receivers = page.getByRole('table')
  await expect(receivers.getByRole('row', { name: /OTLP over gRPC is not received/ })).toBeVisible()
  await expect(receivers.getByRole('cell', { name: otlpGrpc, exact: true })).toBeInViewport({ ratio: 1 })
  await expect(receivers.getByRole('columnheader', { name: 'Last received' })).toBeInViewport({ ratio: 1 })
  await once(taken.close(), 'close')
})

test('a hidden console is sent nothing and catches up when it is shown', async ({ page, engine, visit }) => {
  let messages = 0
  page.on('websocket', (socket) => socket.on('framereceived', () => (messages += 1)))
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value })
      document.dispatchEvent(new Event('visibilitychange'))
    }, hidden)
  await visit(engine.address)
  await expect.poll(() => messages).toBeGreaterThan(2)
  await hide(true)
  // Messages under way still arrive; then no more.
  let before = -1
  await expect
    .poll(
      () => {
        const quiet = messages === before
        before = messages
        return quiet
      },
      { intervals: [4000] },
    )
    .toBe(true)
  await hide(false)
  await expect.poll(() => messages).toBeGreaterThan(before)
})
