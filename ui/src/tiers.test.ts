import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const SOURCE = import.meta.dirname
const TIERS: Record<string, string[]> = JSON.parse(readFileSync(join(SOURCE, '../tiers.json'), 'utf8'))

interface File {
  name: string
  text: string
}

function paths(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === 'generated' ? [] : paths(path)
    return /\.(ts|svelte|css)$/.test(name) && !name.endsWith('.test.ts') ? [path] : []
  })
}
const all: File[] = paths(SOURCE).map((path) => ({ name: relative(SOURCE, path), text: readFileSync(path, 'utf8') }))
const offenders = (wrong: (file: File) => boolean) => all.filter(wrong).map(({ name }) => name)

/** Returns the modules that a file imports, as paths below `src`. */
const imports = ({ name, text }: File): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?'(@\/|\.\.?\/)([^']+)'/g)].map(([, start, path]) =>
    start === '@/' ? (path ?? '') : join(dirname(name), start ?? '', path ?? ''),
  )

/** Returns the file behind an imported path. */
const fileOf = (path: string): string | undefined =>
  [path, `${path}.ts`, `${path}/index.ts`].find((candidate) => all.some(({ name }) => name === candidate))

const tierOf = (path: string): string => path.split('/')[0] ?? ''
const targetOf = (path: string): string => path.split('/')[1] ?? ''

describe('the tiers of the console', () => {
  it('have raw colours in tokens.css only', () => {
    const colour = /#[0-9a-f]{3,8}\b(?=[\s;,)'"`])|\b(?:rgb|rgba|hsl|hsla|oklch)\(\s*[\d.]/i
    expect(
      offenders(({ name, text }) => name !== 'tokens.css' && colour.test(text.replaceAll(/#\/[^\s'"`]*/g, ''))),
    ).toEqual([])
  })

  it('have Tauri and HTTP in the backend folder only', () => {
    const wire = /@tauri-apps|__TAURI|\bfetch\(|\bnew WebSocket\(/
    expect(offenders(({ name, text }) => !name.startsWith('backend/') && wire.test(text))).toEqual([])
  })

  it('list every folder of the console', () => {
    const folders = new Set(all.filter(({ name }) => name.includes('/')).map(({ name }) => tierOf(name)))
    expect([...folders].sort()).toEqual(Object.keys(TIERS).sort())
  })

  it('import lower tiers only', () => {
    const wrong = (file: File) => {
      const tier = tierOf(file.name)
      const allowed = TIERS[tier]
      return !!allowed && imports(file).some((path) => tierOf(path) !== tier && !allowed.includes(tierOf(path)))
    }
    expect(offenders(wrong)).toEqual([])
  })

  it('join subjects only in views', () => {
    const wrong = (file: File) =>
      tierOf(file.name) === 'subjects' &&
      imports(file).some((path) => tierOf(path) === 'subjects' && targetOf(path) !== targetOf(file.name))
    expect(offenders(wrong)).toEqual([])
  })

  it('have no domain words in kit and format', () => {
    const words = /\b(alerts?|checks?|incidents?|spans|traces?|metrics?|logs?|silences?|findings?|anomal(?:y|ies))\b/i
    const markup = /role="alert"|icons\/check|\bCheck\b/g
    expect(
      offenders(({ name, text }) => /^(kit|format)\//.test(name) && words.test(text.replaceAll(markup, ''))),
    ).toEqual([])
  })

  it('have no circle of imports', () => {
    const graph = new Map(all.map((file) => [file.name, imports(file).flatMap((path) => fileOf(path) ?? [])]))
    const done = new Set<string>()
    const visit = (name: string, path: string[]): string[] | undefined => {
      if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
      if (done.has(name)) return undefined
      done.add(name)
      for (const next of graph.get(name) ?? []) {
        const circle = visit(next, [...path, name])
        if (circle) return circle
      }
      return undefined
    }
    expect([...graph.keys()].flatMap((name) => visit(name, []) ?? [])).toEqual([])
  })

  it('have short components', () => {
    expect(offenders(({ name, text }) => name.endsWith('.svelte') && text.split('\n').length > 400)).toEqual([])
  })
})
