import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const SOURCE = join(import.meta.dirname, '..')

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === 'generated' ? [] : files(path)
    return /\.(ts|svelte|css)$/.test(name) && !name.endsWith('.test.ts') ? [path] : []
  })
}
const all = files(SOURCE).map((path) => ({ name: relative(SOURCE, path), text: readFileSync(path, 'utf8') }))
const offenders = (wrong: (file: { name: string; text: string }) => boolean) =>
  all.filter(wrong).map(({ name }) => name)

describe('the tiers of the console', () => {
  it('keep raw colours in tokens.css', () => {
    const colour = /#[0-9a-f]{3,8}\b(?=[\s;,)'"`])|\b(?:rgb|rgba|hsl|hsla|oklch)\(\s*[\d.]/i
    expect(
      offenders(({ name, text }) => name !== 'tokens.css' && colour.test(text.replaceAll(/#\/[^\s'"`]*/g, ''))),
    ).toEqual([])
  })

  it('keep Tauri and HTTP in the backend folder', () => {
    const wire = /@tauri-apps|__TAURI|\bfetch\(|\bnew WebSocket\(/
    expect(offenders(({ name, text }) => !name.startsWith('backend/') && wire.test(text))).toEqual([])
  })

  it('join subjects only in views', () => {
    const wrong = ({ name, text }: { name: string; text: string }) => {
      const home = name.split('/')[0] ?? ''
      if (['views', 'App.svelte', 'main.ts', 'backend'].includes(home) || !name.includes('/')) return false
      const imports = [...text.matchAll(/(?:from|import)\s*\(?['"]((?:\.\.\/)+)([\w-]+)/g)]
      return imports.some(([, up, target]) => {
        const leaves = (up?.length ?? 0) / 3 >= name.split('/').length - 1
        return leaves && target !== 'shared' && target !== 'backend' && target !== home
      })
    }
    expect(offenders(wrong)).toEqual([])
  })

  it('keep components short', () => {
    expect(offenders(({ name, text }) => name.endsWith('.svelte') && text.split('\n').length > 400)).toEqual([])
  })
})
