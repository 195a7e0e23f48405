import { command, fill } from './engine'
import { expect, test } from './fixtures'

const text = (address: Parameters<typeof command>[0]) =>
  command<{ text: string }>(address, 'settings', {}).then((settings) => settings.text)

test('limits are previewed, discarded, and saved after a confirmation', async ({ page, engine, visit }) => {
  test.setTimeout(180_000)
  await fill(engine.address)
  await visit(engine.address, '#/settings/data')
  const table = page.getByRole('table', { name: 'Stored data' }).or(page.getByLabel('Stored data'))
  await expect(table.getByText('gateway').first()).toBeVisible()
  await expect(page.getByText('No data over the limits.')).toBeVisible()
  const traces = page.getByRole('textbox', { name: 'Traces: size limit' })
  await expect(traces).toHaveValue(/ GB$/)

  await traces.fill('1 MB')
  await traces.press('Enter')
  await expect(page.getByText(/Saving deletes\s+[\d.,k]+ spans/)).toBeVisible()
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect(traces).toHaveValue(/ GB$/)
  await expect(page.getByText('No data over the limits.')).toBeVisible()
  expect(await text(engine.address)).not.toMatch(/^spans_megabytes = 1$/m)

  const logs = page.getByRole('textbox', { name: 'Logs: days' })
  await logs.fill('7')
  await logs.press('Enter')
  await expect(page.getByText('No data over these limits.')).toBeVisible()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect.poll(() => text(engine.address)).toMatch(/^logs_days = 7$/m)

  await traces.fill('1')
  await traces.press('Enter')
  await expect(page.getByText(/Saving deletes/)).toBeVisible()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const dialog = page.getByRole('alertdialog').or(page.getByRole('dialog'))
  await expect(dialog).toContainText('cannot be undone')
  expect(await text(engine.address)).not.toMatch(/^spans_megabytes = 1$/m)
  await dialog.getByRole('button', { name: 'Save and delete' }).click()
  await expect.poll(() => text(engine.address)).toMatch(/^spans_megabytes = 1$/m)
  await expect(traces).toHaveValue('1 MB')
})
