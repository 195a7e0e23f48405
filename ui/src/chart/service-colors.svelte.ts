import { PALETTE_SIZE, hashName } from './palette'

/** Slot close to the colour of failure, used last. */
const LAST_CHOICE = 6

/**
 * Returns palette slots for names in their order. A name gets the slot of its hash, or else the
 * least used slot. Slots do not change when names are added at the end.
 */
export function slotsOf(names: Iterable<string>): Map<string, number> {
  const slots = new Map<string, number>()
  const uses: number[] = Array.from<unknown, number>({ length: PALETTE_SIZE }, (_, slot) =>
    slot === LAST_CHOICE ? 0.5 : 0,
  )
  for (const name of new Set(names)) {
    const least = Math.min(...uses)
    const preferred = hashName(name) % PALETTE_SIZE
    const slot = uses[preferred] === least ? preferred : uses.indexOf(least)
    uses[slot] = (uses[slot] ?? 0) + 1
    slots.set(name, slot)
  }
  return slots
}

/**
 * The colours of services. They follow from the engine's list, so that all windows and browsers
 * agree.
 */
class ServiceColors {
  /** Counts names missing from the engine's list, so that the list is loaded again. */
  unlisted = $state(0)
  #slots = $state.raw<ReadonlyMap<string, number>>(new Map())
  readonly #requested = new Set<string>()

  /** Sets the services that the engine knows, in the order in which it first received them. */
  assign(names: readonly string[]): void {
    this.#slots = slotsOf(names)
  }

  slot(name: string): number {
    const slot = this.#slots.get(name)
    if (slot !== undefined) return slot
    if (this.#slots.size && !this.#requested.has(name)) {
      this.#requested.add(name)
      // Rendering must not change state.
      queueMicrotask(() => (this.unlisted += 1))
    }
    return hashName(name) % PALETTE_SIZE
  }
}

export const serviceColors = new ServiceColors()

/** Returns the colour of a service as a CSS value, the same in every list, chart and run. */
export const colourOf = (service: string): string => `var(--s${serviceColors.slot(service) + 1})`

const SERVICE_LABELS = ['service', 'service.name', 'service_name']

/** Returns the colour of a line whose only label is the service; undefined for other lines. */
export function lineColour(labels: Readonly<Record<string, string>>): string | undefined {
  const [only, ...others] = Object.entries(labels)
  return only && !others.length && only[1] && SERVICE_LABELS.includes(only[0]) ? colourOf(only[1]) : undefined
}
