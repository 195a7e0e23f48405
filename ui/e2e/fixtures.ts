import { expect, test as base, type Page } from '@playwright/test'
import { Engine, page as pageOf, type Place } from './engine'

interface Faults {
  /** What went wrong in the page so far. */
  found: string[]
  /** From now on the engine is gone on purpose: failed requests and what the browser says of them are no fault. */
  allowLostConnection: () => void
  /** From now on the engine may refuse what it is asked (400), because the test asks for nonsense. */
  allowRefusal: () => void
}

interface Fixtures {
  faults: Faults
  /** The engine with the demonstration shop in it, shared by all tests. */
  shop: Place
  /** An engine of this test's own, with nothing in it. */
  own: Engine
  /** Opens a place in the console of an engine and waits until the shell is drawn. */
  visit: (place: Place, hash?: string) => Promise<void>
}

/** Playwright looks into frames with a script of its own, which the report's frame rightly refuses. */
const OWN_LOOK = /^Blocked script execution in 'about:srcdoc'/
const REFUSED = /^400 |status of 400 /
const LOST = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket|ERR_INCOMPLETE_CHUNKED/

function collect(page: Page): Faults {
  const found: string[] = []
  const tolerated = [OWN_LOOK]
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
    // The console takes back a question once a newer one took its place.
    if (reason !== 'net::ERR_ABORTED') add('request', `${reason} ${request.url()}`)
  })
  return {
    found,
    allowLostConnection: () => void tolerated.push(LOST),
    allowRefusal: () => void tolerated.push(REFUSED),
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
    await use(JSON.parse(process.env.BINNACLE_E2E ?? '{}') as Place)
  },
  own: async ({ page }, use) => {
    const engine = await Engine.start('[alerts]\ndesktop_notifications = false\n[host]\ninterval_seconds = 1\n')
    await use(engine)
    await page.close()
    await engine.stop()
  },
  visit: async ({ page }, use) => {
    await use(async (place, hash = '#/overview') => {
      await page.goto(pageOf(place, hash))
      await expect(page.getByRole('navigation', { name: 'Views' })).toBeVisible()
    })
  },
})

export { expect }

/** Waits until something is drawn on the canvases of an element: pixels that are not transparent. */
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
