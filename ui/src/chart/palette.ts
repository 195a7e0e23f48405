/** Number of series colours in the tokens (`--s1` to `--s8`). */
export const PALETTE_SIZE = 8

/** Hashes a name by FNV-1a, so that it has the same colour in every chart and run. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) {
    hash ^= name.charCodeAt(index)
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}

/**
 * Returns a palette index (0 to 7) for each name. A name has the colour of its hash unless an
 * earlier name in sorted order has it; then it takes the next free one. Extra names repeat colours
 * evenly.
 */
export function assignColours(names: string[]): Map<string, number> {
  const assigned = new Map<string, number>()
  const used = new Array<number>(PALETTE_SIZE).fill(0)
  for (const name of [...new Set(names)].sort()) {
    const wanted = hashName(name) % PALETTE_SIZE
    const least = Math.min(...used)
    let index = wanted
    while ((used[index] ?? 0) > least) index = (index + 1) % PALETTE_SIZE
    used[index] = (used[index] ?? 0) + 1
    assigned.set(name, index)
  }
  return assigned
}

/** Returns the token of a palette index. */
export function paletteToken(index: number): string {
  return `var(--s${(index % PALETTE_SIZE) + 1})`
}
