import { expect, test } from './fixtures'

test('an engine without data is honest about it while the vital signs move', async ({ page, own, visit }) => {
  await visit(own.place)
  const vital = (name: string) => page.getByRole('main').getByRole('link', { name: new RegExp(`^${name}: `) })
  await expect(vital('CPU')).toHaveAccessibleName(/[\d.]+ %/)
  await expect(vital('Memory')).toHaveAccessibleName(/[\d.]+ [KMGT]iB/)
  const before = await vital('CPU').textContent()
  await expect.poll(() => vital('CPU').textContent()).not.toBe(before)
  await expect(page.getByText('No alerts firing')).toBeVisible()
  await expect(page.getByText('No health checks yet')).toBeVisible()
  const empty: [string, RegExp][] = [
    ['#/services', /No services seen in this time/],
    ['#/logs', /No log lines in this time/],
    ['#/traces', /No traces in this time/],
    ['#/health', /No health checks yet/],
    ['#/alerts', /No alerts firing/],
    ['#/analysis', /Choose what to look into/],
    ['#/services/nobody', /nobody/],
    ['#/traces/00000000000000000000000000000001', /There is no trace/],
    ['#/traces/zzz', /This is not a trace id/],
    ['#/health/none', /No health checks yet|There is no such check/],
    ['#/alerts/rules/none', /There is no such rule/],
    ['#/metrics?metric=none.such', /No values|no such|Nothing/i],
  ]
  for (const [hash, words] of empty) {
    await page.evaluate((to) => (location.hash = to), hash)
    await expect(page.getByRole('main').getByText(words).first(), hash).toBeVisible()
  }
})

test('an engine that stops is shown as lost, and the page recovers when it is back', async ({
  page,
  own,
  visit,
  faults,
}) => {
  await visit(own.place)
  await expect(page.getByRole('main').getByRole('link', { name: /^CPU: [\d.]+ %/ })).toBeVisible()
  // The other views are fetched once the first is shown.
  const fetched = (name: string) =>
    page.evaluate((part) => performance.getEntriesByType('resource').some((entry) => entry.name.includes(part)), name)
  await expect.poll(() => fetched('/Metrics-'), { timeout: 40_000 }).toBe(true)
  await page.waitForLoadState('networkidle')
  faults.allowLostConnection()
  await own.pause()
  await expect(page.getByRole('alert').filter({ hasText: 'The engine has not answered for' })).toBeVisible()
  await page.getByRole('link', { name: 'Metrics' }).click()
  await expect(page.getByRole('main').getByRole('alert').first()).toContainText('the engine does not answer')
  await own.resume()
  await expect(page.getByRole('alert')).toHaveCount(0, { timeout: 30_000 })
  await expect(page.getByRole('button', { name: /^system\.cpu\.utilization/ })).toBeVisible()
  await page.getByRole('link', { name: 'Overview' }).click()
  await expect(page.getByRole('main').getByRole('link', { name: /^CPU: [\d.]+ %/ })).toBeVisible()
})

test('a hidden console is sent nothing and catches up when it is shown', async ({ page, own, visit }) => {
  let messages = 0
  page.on('websocket', (socket) => socket.on('framereceived', () => (messages += 1)))
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => value })
      document.dispatchEvent(new Event('visibilitychange'))
    }, hidden)
  await visit(own.place)
  await expect.poll(() => messages).toBeGreaterThan(2)
  await hide(true)
  // What was on its way still arrives; then nothing more.
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

test('a page without its token says how to get in', async ({ page, shop, faults }) => {
  await page.goto(`http://${shop.http}/`)
  await expect(page.getByText('This page needs its token')).toBeVisible()
  expect(faults.found.length).toBeGreaterThan(0)
  expect(faults.found.filter((fault) => !/401|403|WebSocket/.test(fault))).toEqual([])
  faults.found.length = 0
})
