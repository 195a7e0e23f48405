import { PALETTE_SIZE, hashName } from './chart/palette'

const KEY = 'binnacle-identity'
const MOST = 300
/** This one is close to the colour of failure, so it is given last. */
const LAST_CHOICE = 6

function read(): [string, number][] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '[]') as [string, number][]
  } catch {
    return []
  }
}

/**
 * Slots of the palette for names that were met so far and new ones. New names come in order of the alphabet, so that the
 * same services have the same colours wherever they are looked at: each gets the slot its text points to, or else one that
 * the fewest names have.
 */
export function withSlots(held: ReadonlyMap<string, number>, names: Iterable<string>): Map<string, number> {
  const slots = new Map(held)
  const uses: number[] = Array.from<unknown, number>({ length: PALETTE_SIZE }, (_, slot) =>
    slot === LAST_CHOICE ? 0.5 : 0,
  )
  for (const slot of slots.values()) uses[slot] = (uses[slot] ?? 0) + 1
  for (const name of [...new Set(names)].sort()) {
    if (slots.has(name)) continue
    const least = Math.min(...uses)
    const wanted = hashName(name) % PALETTE_SIZE
    const slot = uses[wanted] === least ? wanted : uses.indexOf(least)
    uses[slot] = (uses[slot] ?? 0) + 1
    slots.set(name, slot)
  }
  return slots
}

/** Which colour each service has. */
class Identity {
  #slots = $state.raw<ReadonlyMap<string, number>>(new Map(read()))
  readonly #asked = new Set<string>()
  #met = false
  #planned = false

  /** Takes the services that the engine knows, before others that are only seen somewhere. */
  meet(names: readonly string[]): void {
    this.#met = true
    const fresh = [...names, ...this.#asked].filter((name) => !this.#slots.has(name))
    this.#asked.clear()
    if (!fresh.length) return
    this.#slots = withSlots(this.#slots, fresh)
    if (typeof localStorage !== 'undefined') localStorage.setItem(KEY, JSON.stringify([...this.#slots].slice(-MOST)))
  }

  slot(name: string): number {
    const slot = this.#slots.get(name)
    if (slot !== undefined) return slot
    this.#asked.add(name)
    // What is being drawn must not change state; and the services that the engine knows come first.
    if (this.#met && !this.#planned) {
      this.#planned = true
      queueMicrotask(() => {
        this.#planned = false
        this.meet([])
      })
    }
    return hashName(name) % PALETTE_SIZE
  }
}

export const identity = new Identity()

/** The colour of a service, as a CSS value: the same in every list and chart and from run to run. */
export const colourOf = (service: string): string => `var(--s${identity.slot(service) + 1})`

const SERVICE_LABELS = ['service', 'service.name', 'service_name']

/** The colour of a line that stands for a whole service; none for other lines. */
export function lineColour(labels: Readonly<Record<string, string>>): string | undefined {
  const [only, ...others] = Object.entries(labels)
  return only && !others.length && only[1] && SERVICE_LABELS.includes(only[0]) ? colourOf(only[1]) : undefined
}
