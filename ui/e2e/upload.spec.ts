import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { command, type EngineAddress } from './engine'
import { expect, test } from './fixtures'

interface Import {
  request: { path: string; dry_run: boolean }
  state: string
  error: string
  progress: { points: number }
}

/** Returns a CSV file of `rows` samples of the last day, one a second. */
function history(metric: string, rows: number): Buffer {
  const end = Math.floor(Date.now() / 1000)
  const lines = Array.from(
    { length: rows },
    (_, row) => `${end - row},${metric},${row},a note that makes the line longer`,
  )
  return Buffer.from(['time,metric,value,note', ...lines].join('\n'))
}

const uploads = (address: EngineAddress) => readdir(join(address.folder, 'data', 'uploads'))
const imports = (address: EngineAddress) => command<Import[]>(address, 'imports', {})
const source = (page: Page) => page.getByRole('group', { name: 'Upload a file' })

test('a chosen file is uploaded, tried and imported without a confirmation', async ({ page, engine, visit }) => {
  await visit(engine.address, '#/connect')
  const file = { name: 'history.csv', mimeType: 'text/csv', buffer: history('uploaded.history', 60_000) }
  expect(file.buffer.length, 'more than one part').toBeGreaterThan(2 << 20)
  await page.getByLabel('File to upload').setInputFiles(file)
  await source(page).getByLabel('Service of the file').fill('attic')
  await source(page).getByRole('button', { name: 'Dry run of the file' }).click()
  await expect(page.getByText('60k points of 1 series would be imported')).toBeVisible({ timeout: 60_000 })
  await source(page).getByRole('button', { name: 'Import the file' }).click()
  await expect(page.getByText('60k points of 1 series imported')).toBeVisible({ timeout: 60_000 })
  expect((await imports(engine.address)).map(({ request }) => request.path)).toEqual(['history.csv', 'history.csv'])
  expect(await command(engine.address, 'confirmations', {})).toEqual([])
  await expect.poll(() => uploads(engine.address), 'the files are deleted').toEqual([])
})

test('a dropped file is imported, and one that is no history says why', async ({ page, engine, visit }) => {
  await visit(engine.address, '#/connect')
  const drop = async (name: string, text: string) => {
    const files = await page.evaluateHandle(
      ([name, text]) => {
        const transfer = new DataTransfer()
        transfer.items.add(new File([text ?? ''], name ?? ''))
        return transfer
      },
      [name, text],
    )
    await source(page).dispatchEvent('drop', { dataTransfer: files })
    await source(page).getByRole('button', { name: 'Import the file' }).click()
  }
  await drop('dropped.csv', history('dropped.history', 5).toString())
  await expect(page.getByText('5 points of 1 series imported')).toBeVisible()
  await drop('nothing.csv', '\u0000')
  await expect.poll(async () => (await imports(engine.address)).at(-1)?.state).toBe('failed')
  const failed = (await imports(engine.address)).at(-1)
  expect(failed?.error, 'no path of the engine').toMatch(/^nothing\.csv: /)
  await expect.poll(() => uploads(engine.address)).toEqual([])
})

test('an upload is cancelled, and one by path needs a confirmation', async ({ page, engine, visit }) => {
  await visit(engine.address, '#/connect')
  const path = join(engine.address.folder, 'large.csv')
  await writeFile(path, Buffer.alloc(200 << 20, 'time,metric,value\n'))
  await page.getByLabel('File to upload').setInputFiles(path)
  await source(page).getByRole('button', { name: 'Import the file' }).click()
  await expect(page.getByLabel('Upload of large.csv')).toBeVisible()
  await expect.poll(() => uploads(engine.address)).toHaveLength(1)
  await source(page).getByRole('button', { name: 'Cancel upload' }).click()
  await expect.poll(() => uploads(engine.address)).toEqual([])
  await expect(source(page).getByRole('button', { name: 'Import the file' })).toBeVisible()
  expect(await imports(engine.address)).toEqual([])

  await page.getByPlaceholder('/srv/history.parquet').fill(path)
  await page.getByRole('button', { name: 'Import', exact: true }).click()
  await expect
    .poll(async () => (await command<{ effects: string[] }[]>(engine.address, 'confirmations', {}))[0]?.effects)
    .toEqual([`Read the file ${path} and import its samples`])
  expect(await imports(engine.address)).toEqual([])
})
