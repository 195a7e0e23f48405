import { command, fill } from './engine'
import { expect, test } from './fixtures'

const text = (place: Parameters<typeof command>[0]) =>
  command<{ text: string }>(place, 'settings', {}).then((settings) => settings.text)

test('limits are tried, discarded, and in force once what they drop is agreed to', async ({ page, own, visit }) => {
  test.setTimeout(180_000)
  await fill(own.place)
  await visit(own.place, '#/settings/data')
  const table = page.getByRole('table', { name: 'Kept data' }).or(page.getByLabel('Kept data'))
  await expect(table.getByText('gateway').first()).toBeVisible()
  await expect(page.getByText('Nothing is beyond the limits.')).toBeVisible()
  const traces = page.getByRole('textbox', { name: 'Traces: megabytes' })
  await expect(traces).toHaveValue(/ GB$/)

  await traces.fill('1 MB')
  await traces.press('Enter')
  await expect(page.getByText(/Saving this drops\s+[\d.,k]+ spans/)).toBeVisible()
  await page.getByRole('button', { name: 'Discard' }).click()
  await expect(traces).toHaveValue(/ GB$/)
  await expect(page.getByText('Nothing is beyond the limits.')).toBeVisible()
  expect(await text(own.place)).not.toMatch(/^spans_megabytes = 1$/m)

  const logs = page.getByRole('textbox', { name: 'Logs: days' })
  await logs.fill('7')
  await logs.press('Enter')
  await expect(page.getByText('Nothing is beyond these limits.')).toBeVisible()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect.poll(() => text(own.place)).toMatch(/^logs_days = 7$/m)

  await traces.fill('1')
  await traces.press('Enter')
  await expect(page.getByText(/Saving this drops/)).toBeVisible()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const dialog = page.getByRole('alertdialog').or(page.getByRole('dialog'))
  await expect(dialog).toContainText('cannot be brought back')
  expect(await text(own.place)).not.toMatch(/^spans_megabytes = 1$/m)
  await dialog.getByRole('button', { name: 'Save and drop' }).click()
  await expect.poll(() => text(own.place)).toMatch(/^spans_megabytes = 1$/m)
  await expect(traces).toHaveValue('1 MB')
})
