import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startSentry } from './counterpart'
import { command } from './engine'
import { expect, test } from './fixtures'

test('a Sentry installation is rejected, added, read and removed', async ({ page, engine, visit }) => {
  test.setTimeout(180_000)
  const installation = await startSentry()
  try {
    await visit(engine.address, '#/connect')
    const source = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Sentry', exact: true }) })
    await expect(source.getByText('none yet')).toBeVisible()
    await source.getByLabel('Address', { exact: true }).fill(installation.url)
    await source.getByLabel('Name', { exact: true }).fill('works')
    await source.getByLabel('Auth token').fill('sntryu_wrong')
    await source.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(source.getByRole('alert')).toContainText(/token/i)
    await expect(source.getByLabel('Auth token'), 'the typed token stays').toHaveValue('sntryu_wrong')

    await source.getByLabel('Auth token').fill(installation.token)
    await source.getByRole('button', { name: 'Add', exact: true }).click()
    await expect(source.getByText('acme: 3 projects.')).toBeVisible()
    await expect(source.getByText('No scope is missing.')).toBeVisible()
    await expect(source.getByLabel('Auth token')).toHaveValue('')
    await expect(source.getByText('1 working')).toBeVisible({ timeout: 40_000 })
    const { text } = await command<{ text: string }>(engine.address, 'settings', {})
    expect(text).toContain(installation.url)
    expect(text).not.toContain(installation.token)
    expect(await readFile(join(engine.address.folder, 'data', 'settings.toml'), 'utf8')).not.toContain(
      installation.token,
    )

    await visit(engine.address, '#/metrics')
    await expect(page.getByRole('button', { name: /^sentry_errors_total/ })).toBeVisible({ timeout: 40_000 })

    await visit(engine.address, '#/connect')
    await source.getByRole('button', { name: 'Remove', exact: true }).click()
    await expect(source.getByText('none yet')).toBeVisible({ timeout: 40_000 })
    expect((await command<{ text: string }>(engine.address, 'settings', {})).text).not.toContain(installation.url)
  } finally {
    installation.stop()
  }
})

test('checks of a self-hosted Sentry are added after a preview', async ({ page, engine, visit }) => {
  await visit(engine.address, '#/connect')
  const source = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Sentry', exact: true }) })
  await source.getByText('A self-hosted Sentry').click()
  await source.getByRole('button', { name: 'Preview' }).click()
  const planned = source.getByText('would be added')
  await expect(planned.first()).toBeVisible()
  const count = await planned.count()
  expect(await command<unknown[]>(engine.address, 'checks', { range: { start: 0, end: 1 }, buckets: 1 })).toHaveLength(
    0,
  )
  await source.getByRole('button', { name: `Add ${count} checks` }).click()
  await expect(source.getByText('exists', { exact: true })).toHaveCount(count)
  await expect(source.getByRole('button', { name: 'All checks exist' })).toBeDisabled()
  await source.getByRole('button', { name: 'Remove its checks' }).click()
  await expect(planned).toHaveCount(count)
})
