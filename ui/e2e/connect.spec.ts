import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startSentry } from './counterpart'
import { command } from './engine'
import { expect, test } from './fixtures'

test('a Sentry installation is refused, added, asked and taken away', async ({ page, own, visit, faults }) => {
  test.setTimeout(180_000)
  const installation = await startSentry()
  try {
    faults.allowRefusal()
    await visit(own.place, '#/connect')
    const way = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Sentry', exact: true }) })
    await expect(way.getByText('none yet')).toBeVisible()
    await way.getByLabel('Address', { exact: true }).fill(installation.url)
    await way.getByLabel('Name', { exact: true }).fill('works')
    await way.getByLabel('Auth token').fill('sntryu_wrong')
    await way.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(way.getByRole('alert')).toContainText(/token/i)
    await expect(way.getByLabel('Auth token'), 'what was typed stays').toHaveValue('sntryu_wrong')

    await way.getByLabel('Auth token').fill(installation.token)
    await way.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(way.getByText('acme: 3 projects.')).toBeVisible()
    await expect(way.getByText('Everything can be seen.')).toBeVisible()
    await expect(way.getByLabel('Auth token')).toHaveValue('')
    await expect(way.getByText('1 working')).toBeVisible({ timeout: 40_000 })
    const { text } = await command<{ text: string }>(own.place, 'settings', {})
    expect(text).toContain(installation.url)
    expect(text).not.toContain(installation.token)
    expect(await readFile(join(own.place.folder, 'data', 'settings.toml'), 'utf8')).not.toContain(installation.token)

    await visit(own.place, '#/metrics')
    await expect(page.getByRole('button', { name: /^sentry_errors_total/ })).toBeVisible({ timeout: 40_000 })

    await visit(own.place, '#/connect')
    await way.getByRole('button', { name: 'Remove', exact: true }).click()
    await expect(way.getByText('none yet')).toBeVisible({ timeout: 40_000 })
    expect((await command<{ text: string }>(own.place, 'settings', {})).text).not.toContain(installation.url)
  } finally {
    installation.stop()
  }
})

test('the parts of a self-hosted Sentry are checked once previewed', async ({ page, own, visit }) => {
  await visit(own.place, '#/connect')
  const way = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Sentry', exact: true }) })
  await way.getByText('A self-hosted Sentry').click()
  await way.getByRole('button', { name: 'Preview' }).click()
  const planned = way.getByText('would be added')
  await expect(planned.first()).toBeVisible()
  const count = await planned.count()
  expect(await command<unknown[]>(own.place, 'checks', { range: { start: 0, end: 1 }, cells: 1 })).toHaveLength(0)
  await way.getByRole('button', { name: `Add ${count} checks` }).click()
  await expect(way.getByText('there', { exact: true })).toHaveCount(count)
  await expect(way.getByRole('button', { name: 'All checks are there' })).toBeDisabled()
  await way.getByRole('button', { name: 'Remove its checks' }).click()
  await expect(planned).toHaveCount(count)
})
