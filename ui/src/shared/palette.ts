import { PALETTE_SIZE, hashName } from './chart/palette'

const KEY = 'binnacle-colours'
const MOST = 300
/** This one is close to the colour of failure, so it is given last. */
const LAST_CHOICE = 6

const given = new Map<string, number>(read())

function read(): [string, number][] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '[]') as [string, number][]
  } catch {
    return []
  }
}

/** The slot for a new name: the one its text points to, or else one that the fewest names have. */
function choose(name: string): number {
  const uses: number[] = Array.from<unknown, number>({ length: PALETTE_SIZE }, (_, slot) =>
    slot === LAST_CHOICE ? 0.5 : 0,
  )
  for (const slot of given.values()) uses[slot] = (uses[slot] ?? 0) + 1
  const least = Math.min(...uses)
  const wanted = hashName(name) % PALETTE_SIZE
  return uses[wanted] === least ? wanted : uses.indexOf(least)
}

/** The identity colour of a name such as a service, as a CSS value: the same everywhere and from run to run. */
export function colourOf(name: string): string {
  let slot = given.get(name)
  if (slot === undefined) {
    slot = choose(name)
    given.set(name, slot)
    if (typeof localStorage !== 'undefined') localStorage.setItem(KEY, JSON.stringify([...given].slice(-MOST)))
  }
  return `var(--s${slot + 1})`
}
