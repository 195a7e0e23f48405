import { expect, test as base, type Page } from '@playwright/test'
import { Engine, consoleLink, type EngineAddress } from './engine'

interface Faults {
  /** Faults of the page so far. */
  found: string[]
  /**
   * Ignores failed requests from now on, because the test stops the engine.
   */
  allowLostConnection: () => void
}

interface Fixtures {
  faults: Faults
  /** The engine with the demonstration shop in it, shared by all tests. */
  shop: EngineAddress
  /** An empty engine for one test. */
  engine: Engine
  /** Opens a view in the console of an engine and waits until the shell is drawn. */
  visit: (address: EngineAddress, hash?: string) => Promise<void>
}

/**
 * Playwright evaluates a script in each frame; the policy of the report's frame blocks it.
 */
const FRAME_SCRIPT = /^Blocked script execution in 'about:srcdoc'/
const LOST = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket|ERR_INCOMPLETE_CHUNKED/

function collect(page: Page): Faults {
  const found: string[] = []
  const tolerated = [FRAME_SCRIPT]
  const add = (kind: string, text: string) => {
    if (!tolerated.some((pattern) => pattern.test(text))) found.push(`${kind}: ${text}`)
  }
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') add(`console ${message.type()}`, message.text())
  })
  page.on('pageerror', (error) => add('exception', error.stack ?? error.message))
  page.on('response', (response) => {
    if (response.status() >= 400) add('answer', `${response.status()} ${response.url()}`)
  })
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText ?? ''
    // The console aborts a request once a newer one replaces it.
    if (reason !== 'net::ERR_ABORTED') add('request', `${reason} ${request.url()}`)
  })
  return {
    found,
    allowLostConnection: () => void tolerated.push(LOST),
  }
}

export const test = base.extend<Fixtures>({
  faults: [
    async ({ page }, use) => {
      const faults = collect(page)
      await use(faults)
      expect(faults.found, 'the page ran without faults').toEqual([])
    },
    { auto: true },
  ],
  // eslint-disable-next-line no-empty-pattern
  shop: async ({}, use) => {
    await use(JSON.parse(process.env.BINNACLE_E2E ?? '{}') as EngineAddress)
  },
  engine: async ({ page }, use) => {
    const engine = await Engine.start('[alerts]\ndesktop_notifications = false\n[host]\ninterval_seconds = 1\n')
    await use(engine)
    await page.close()
    await engine.stop()
  },
  visit: async ({ page }, use) => {
    await use(async (address, hash = '#/overview') => {
      // An address that differs only in its fragment would not load the page.
      if (page.url().startsWith(`http://${address.http}/`)) await page.goto('about:blank')
      await page.goto(await consoleLink(address, hash))
      await expect(page.getByRole('navigation', { name: 'Views' })).toBeVisible()
    })
  },
})

export { expect }

/**
 * Waits until something is drawn on the canvases of an element: pixels that are not transparent.
 */
export async function expectDrawn(page: Page, selector: string): Promise<void> {
  await expect
    .poll(() =>
      page.locator(selector).evaluateAll((elements) => {
        const canvases = elements.flatMap((element) =>
          element instanceof HTMLCanvasElement ? [element] : [...element.querySelectorAll('canvas')],
        )
        return Math.max(
          0,
          ...canvases.map((canvas) => {
            const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width || 1, canvas.height || 1).data ?? []
            let drawn = 0
            for (let index = 3; index < pixels.length; index += 4) if (pixels[index]) drawn += 1
            return drawn
          }),
        )
      }),
    )
    .toBeGreaterThan(200)
}

/** Delays the requests of a command until the returned function is called. */
export async function delay(page: Page, command: string): Promise<() => void> {
  let release = () => undefined as void
  const gate = new Promise<void>((done) => (release = done))
  await page.routeWebSocket('**/api/session', (socket) => {
    const engine = socket.connectToServer()
    socket.onMessage(async (message) => {
      const { call, name } = JSON.parse(String(message)) as { call?: number; name?: string }
      if (call !== undefined && name === command) await gate
      engine.send(message)
    })
  })
  return release
}
