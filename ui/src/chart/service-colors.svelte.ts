import { PALETTE_SIZE, hashName } from './palette'

/** This one is close to the colour of failure, so it is given last. */
const LAST_CHOICE = 6

/**
 * Slots of the palette for names, in the order they are given: each gets the slot its text points to, or else one that the
 * fewest names before it have. So the slots of names stay when others are added at the end.
 */
export function slotsOf(names: Iterable<string>): Map<string, number> {
  const slots = new Map<string, number>()
  const uses: number[] = Array.from<unknown, number>({ length: PALETTE_SIZE }, (_, slot) =>
    slot === LAST_CHOICE ? 0.5 : 0,
  )
  for (const name of new Set(names)) {
    const least = Math.min(...uses)
    const wanted = hashName(name) % PALETTE_SIZE
    const slot = uses[wanted] === least ? wanted : uses.indexOf(least)
    uses[slot] = (uses[slot] ?? 0) + 1
    slots.set(name, slot)
  }
  return slots
}

/** Which colour each service has: the same in every window and browser, for it follows from what the engine knows. */
class Identity {
  /** Grows when a name is met that the engine did not tell of, so that it is asked again. */
  strangers = $state(0)
  #slots = $state.raw<ReadonlyMap<string, number>>(new Map())
  readonly #strange = new Set<string>()

  /** Takes the services that the engine knows, in the order it first heard of them. */
  meet(names: readonly string[]): void {
    this.#slots = slotsOf(names)
  }

  slot(name: string): number {
    const slot = this.#slots.get(name)
    if (slot !== undefined) return slot
    if (this.#slots.size && !this.#strange.has(name)) {
      this.#strange.add(name)
      // What is being drawn must not change state.
      queueMicrotask(() => (this.strangers += 1))
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
