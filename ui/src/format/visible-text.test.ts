import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { visibleBlock, visibleLine } from './visible-text'

test('hidden characters become visible, as in the engine', () => {
  const file = new URL('../../../tests/fixtures/visible_text.json', import.meta.url)
  const cases = JSON.parse(readFileSync(file, 'utf8')) as { text: string; line: string; block: string }[]
  expect(cases.length).toBeGreaterThan(10)
  for (const { text, line, block } of cases) {
    expect(visibleLine(text)).toBe(line)
    expect(visibleBlock(text)).toBe(block)
  }
})
