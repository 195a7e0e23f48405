import AxeBuilder from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, test } from './fixtures'

const VIEWS = [
  'overview',
  'services',
  'services/checkout',
  'metrics?metric=system.cpu.utilization',
  'logs',
  'traces',
  'health',
  'health/new',
  'alerts',
  'alerts/rules',
  'alerts/rules/new?metric=system.cpu.utilization',
  'alerts/history',
  'alerts/notifications',
  'alerts/silences',
  'analysis?metric=system.cpu.utilization',
  'reports',
  'connect',
  'settings',
  'settings/data',
  'settings/file',
  'settings/engine',
]

/** Returns controls without an accessible name, and missing or repeated landmarks. */
const faultsOfStructure = () => {
  const seen = (element: Element) => (element as HTMLElement).checkVisibility()
  const faults: string[] = []
  const count = (selector: string) => [...document.querySelectorAll(selector)].filter(seen).length
  for (const [selector, wanted] of [
    ['h1', 1],
    ['main', 1],
    ['nav[aria-label="Views"]', 1],
    ['nav:not([aria-label])', 0],
  ] as const)
    if (count(selector) !== wanted) faults.push(`${count(selector)} of ${selector}`)
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
  for (const id of new Set(ids.filter((one, index) => ids.indexOf(one) !== index))) faults.push(`id ${id} twice`)
  for (const element of document.querySelectorAll('button, a[href], input, select, textarea, [role="button"]')) {
    if (!seen(element)) continue
    const control = element as HTMLInputElement
    const named =
      element.textContent?.trim() ||
      element.getAttribute('aria-label') ||
      element.getAttribute('aria-labelledby') ||
      control.labels?.length
    if (!named) faults.push(`no name: ${element.outerHTML.slice(0, 160)}`)
  }
  if (document.documentElement.lang === '') faults.push('no language')
  return faults
}

/** Returns texts with a contrast below 4.5 against their background. */
const faintTexts = () => {
  const parse = (colour: string) => {
    const parts = /rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)/.exec(colour)
    return parts ? { rgb: [1, 2, 3].map((index) => Number(parts[index])), alpha: Number(parts[4] ?? 1) } : null
  }
  const over = (front: number[], alpha: number, back: number[]) =>
    front.map((value, index) => value * alpha + (back[index] ?? 0) * (1 - alpha))
  const behind = (element: Element): number[] => {
    const colour = parse(getComputedStyle(element).backgroundColor)
    if (colour && colour.alpha >= 1) return colour.rgb
    const back = element.parentElement ? behind(element.parentElement) : [255, 255, 255]
    return colour ? over(colour.rgb, colour.alpha, back) : back
  }
  const light = (rgb: number[]) => {
    const [red = 0, green = 0, blue = 0] = rgb.map((value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const faint = new Set<string>()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const words = walker.currentNode.textContent?.trim()
    if (!element || !words || !element.checkVisibility({ opacityProperty: true })) continue
    if (element.closest('button:disabled, [aria-hidden="true"], .sr-only, svg')) continue
    const colour = parse(getComputedStyle(element).color)
    if (!colour) continue
    const back = behind(element)
    const [one, other] = [light(over(colour.rgb, colour.alpha, back)), light(back)]
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    if (contrast < 4.45) faint.add(`${contrast.toFixed(2)}: ${words.slice(0, 40)}`)
  }
  return [...faint]
}

for (const scheme of ['dark', 'light'] as const) {
  test(`every view has its landmarks, names and contrast in the ${scheme} theme`, async ({ page, shop, visit }) => {
    test.setTimeout(180_000)
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await visit(shop)
    const bright = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(bright).toBe(scheme === 'dark' ? 'rgb(13, 16, 21)' : 'rgb(246, 247, 249)')
    for (const view of VIEWS) {
      await page.evaluate((hash) => (location.hash = hash), `#/${view}`)
      await expect(page.locator('main [aria-label="Loading"]')).toHaveCount(0)
      await expect(page.getByRole('heading', { level: 1, includeHidden: true })).toHaveCount(1)
      expect(await page.evaluate(faultsOfStructure), view).toEqual([])
      expect(await page.evaluate(faintTexts), view).toEqual([])
    }
  })
}

test('nothing is cut off at 900 by 600 and at twice the size', async ({ page, shop, visit }) => {
  test.setTimeout(180_000)
  for (const size of [
    { width: 900, height: 600 },
    { width: 720, height: 450 },
  ]) {
    await page.setViewportSize(size)
    await visit(shop)
    for (const view of VIEWS) {
      await page.evaluate((hash) => (location.hash = hash), `#/${view}`)
      await expect(page.locator('main [aria-label="Loading"]')).toHaveCount(0)
      const wide = await page.evaluate(() => {
        const outside = [...document.querySelectorAll('header, header button, header h1, main > *')].filter(
          (element) => {
            const { left, right, width } = element.getBoundingClientRect()
            return width > 0 && (right > window.innerWidth + 1 || left < -1)
          },
        )
        const sideways = [...document.querySelectorAll('main .table, main .receivers')].filter(
          ({ scrollWidth, clientWidth }) => window.innerWidth >= 900 && scrollWidth > clientWidth,
        )
        return [
          ...(document.documentElement.scrollWidth > window.innerWidth ? ['the page scrolls sideways'] : []),
          ...sideways.map(
            (table) =>
              `${table.getAttribute('aria-label') ?? table.className}: ${table.scrollWidth} of ${table.clientWidth} px`,
          ),
          ...outside.map((element) => element.outerHTML.slice(0, 120)),
        ]
      })
      expect(wide, `${view} at ${size.width}`).toEqual([])
    }
  }
})

/** Returns the violations that axe finds in the page, one line each, except those of `ignored`. */
async function violations(page: Page, ignored: string[] = []): Promise<string[]> {
  // The report's frame blocks scripts, axe's too; the report crate tests its page.
  const results = await new AxeBuilder({ page }).exclude('iframe').disableRules(ignored).analyze()
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
}

for (const scheme of ['dark', 'light'] as const) {
  test(`axe finds no violation in any view in the ${scheme} theme`, async ({ page, shop, visit }) => {
    test.setTimeout(300_000)
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await visit(shop)
    for (const view of VIEWS) {
      await page.evaluate((hash) => (location.hash = hash), `#/${view}`)
      await expect(page.locator('main [aria-label="Loading"]')).toHaveCount(0)
      await expect(page.getByRole('heading', { level: 1, includeHidden: true })).toHaveCount(1)
      expect.soft(await violations(page), view).toEqual([])
    }
  })

  test(`axe finds no violation in open lists and dialogs in the ${scheme} theme`, async ({ page, shop, visit }) => {
    test.setTimeout(180_000)
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
    await visit(shop, '#/alerts/rules/new?metric=system.cpu.utilization')
    await page.getByRole('combobox', { name: 'Metric', exact: true }).click()
    await expect(page.getByRole('option').first()).toBeVisible()
    // The list box is at the end of the body, outside of the landmarks; its combobox refers to it.
    expect.soft(await violations(page, ['region']), 'combobox').toEqual([])
    await visit(shop, '#/logs')
    const opened = {
      palette: ['Control+k', page.getByRole('dialog', { name: 'Search or jump' })],
      shortcuts: ['?', page.getByRole('dialog', { name: 'Keyboard shortcuts' })],
      'time range': ['t', page.getByRole('application').or(page.getByText('Absolute range')).first()],
      filter: ['f', page.getByRole('combobox', { name: 'Filter' })],
    } as const
    for (const [name, [key, target]] of Object.entries(opened)) {
      await page.keyboard.press(key)
      await expect(target, name).toBeVisible()
      expect.soft(await violations(page), name).toEqual([])
      await page.keyboard.press('Escape')
      await expect(target, name).toBeHidden()
    }
    await page.locator('button[aria-expanded]').first().click()
    expect.soft(await violations(page), 'log record').toEqual([])
    await visit(shop, '#/traces')
    await page.locator('a.root').first().click()
    await page.getByRole('treeitem').first().click()
    await expect(page.getByRole('complementary')).toBeVisible()
    expect.soft(await violations(page), 'span').toEqual([])
  })
}
