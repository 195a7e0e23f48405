import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium, type Page } from '@playwright/test'
import { consoleLink, type Engine } from './engine'
import { expect, test } from './fixtures'
import { Impostor } from './impostor'

const heading = (page: Page, name: string) => page.getByText(name, { exact: true })
/** The button of the message that covers the page. The views below it have others. */
const tryAgain = (page: Page) => page.locator('.cover').getByRole('button', { name: 'Try again' })
const cpu = (page: Page) => page.getByRole('main').getByRole('link', { name: /^CPU: [\d.]+ %/ })

test('a link opens the console once, and its browser finds the way back', async ({ page, shop, browser }) => {
  const link = await consoleLink(shop)
  await page.goto(link)
  await expect(cpu(page)).toBeVisible()
  await page.reload()
  await expect(cpu(page)).toBeVisible()
  const another = await page.context().newPage()
  await another.goto(`http://${shop.http}/`)
  await expect(cpu(another)).toBeVisible()
  // The link again, in the browser that has used it.
  await another.goto('about:blank')
  await another.goto(link)
  await expect(cpu(another)).toBeVisible()

  const foreign = await browser.newContext()
  const thief = await foreign.newPage()
  await thief.goto(link)
  await expect(heading(thief, 'This page needs a link')).toBeVisible()
  await expect(thief.getByText('binnacle-cli open')).toBeVisible()
  // A new link in the same page.
  await thief.evaluate((fresh) => location.assign(fresh), await consoleLink(shop, '#/logs'))
  await expect(thief.getByRole('heading', { level: 1, name: 'Logs' })).toBeVisible()
  await expect(heading(thief, 'This page needs a link')).toHaveCount(0)
  await foreign.close()
})

test('a page without a link shows how to get one and sends nothing', async ({ page, shop }) => {
  const requests: string[] = []
  page.on('websocket', (socket) => requests.push(socket.url()))
  await page.goto(`http://${shop.http}/`)
  await expect(heading(page, 'This page needs a link')).toBeVisible()
  expect(requests).toEqual([])
})

/** Stops the engine while a page is open, and starts a program of another user on its port. */
async function replace(page: Page, engine: Engine, behaviour: 'lie' | 'wait'): Promise<Impostor> {
  await page.goto(await consoleLink(engine.address))
  await expect(cpu(page)).toBeVisible()
  await engine.pause()
  const impostor = await Impostor.start(engine.address, behaviour)
  await expect.poll(() => impostor.messages().length, { timeout: 40_000 }).toBeGreaterThan(0)
  return impostor
}

/** Expects that an impostor has learned nothing that opens the console. */
async function expectOnlyHellos(impostor: Impostor, engine: Engine): Promise<void> {
  for (const message of impostor.messages()) {
    expect(Object.keys(message)).toEqual(['hello'])
    expect(Object.keys(message.hello as object)).toEqual(['kind', 'id', 'nonce'])
  }
  const text = JSON.stringify(impostor.received)
  const stored = await readFile(join(engine.address.folder, 'data', 'browsers.json'), 'utf8')
  const keys = (JSON.parse(stored) as { key: string }[]).map(({ key }) => key)
  expect(keys.length).toBeGreaterThan(0)
  for (const key of keys) expect(text).not.toContain(key)
  expect(impostor.received.flatMap(({ headers }) => Object.keys(headers ?? {}))).not.toContain('authorization')
}

test('a false engine receives nothing but a hello, and the page says so and stops', async ({
  page,
  engine,
  faults,
}) => {
  faults.allowLostConnection()
  const impostor = await replace(page, engine, 'lie')
  await expect(heading(page, 'This is not your engine')).toBeVisible()
  const answered = impostor.messages().length
  await tryAgain(page).click()
  await expect.poll(() => impostor.messages().length).toBe(answered + 1)
  await expect(heading(page, 'This is not your engine')).toBeVisible()
  await expectOnlyHellos(impostor, engine)
  expect(impostor.messages()).toHaveLength(answered + 1)
  await impostor.stop()

  await engine.resume()
  await tryAgain(page).click()
  await expect(heading(page, 'This is not your engine')).toHaveCount(0)
  await expect(cpu(page)).toBeVisible()
})

test('a page returns without a new link once the engine is back on its port', async ({ page, engine, faults }) => {
  faults.allowLostConnection()
  const impostor = await replace(page, engine, 'wait')
  await expectOnlyHellos(impostor, engine)
  await impostor.stop()
  await engine.resume()
  await expect(page.getByRole('alert')).toHaveCount(0, { timeout: 30_000 })
  await expect(cpu(page)).toBeVisible()
  await page.getByRole('navigation').getByRole('link', { name: 'Metrics' }).click()
  await expect(page.getByRole('button', { name: /^system\.cpu\.utilization/ })).toBeVisible()
})

/** Returns the contents of all files of a folder whose path does not match. */
async function contents(folder: string, except: RegExp): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
  const read = paths.filter((path) => !except.test(path)).map((path) => readFile(path, 'latin1').catch(() => ''))
  return (await Promise.all(read)).join('\n')
}

test('history, cache and session files contain nothing that opens the console', async ({ engine }, info) => {
  const profile = info.outputPath('profile')
  const launch = { executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'], headless: true }
  const options = { ...launch, ...info.project.use.launchOptions }
  const context = await chromium.launchPersistentContext(profile, options)
  const page = context.pages()[0] ?? (await context.newPage())
  const link = await consoleLink(engine.address)
  await page.goto(link)
  await expect(cpu(page)).toBeVisible()
  await page.getByRole('navigation').getByRole('link', { name: 'Logs' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Logs' })).toBeVisible()
  await context.close()

  // The key of the browser is in its database, as a key that scripts cannot read.
  const stored = await contents(profile, /IndexedDB/)
  expect(stored, 'the files were read').toContain(engine.address.http)
  const browsers = await readFile(join(engine.address.folder, 'data', 'browsers.json'), 'utf8')
  for (const { key } of JSON.parse(browsers) as { key: string }[]) {
    expect(stored).not.toContain(key)
    expect(stored).not.toContain(Buffer.from(key, 'base64url').toString('latin1'))
  }
  // The history may have the link, whose code was used up.
  const thief = await chromium.launchPersistentContext(info.outputPath('thief'), options)
  const stolen = thief.pages()[0] ?? (await thief.newPage())
  await stolen.goto(link)
  await expect(heading(stolen, 'This page needs a link')).toBeVisible()
  await thief.close()
})
