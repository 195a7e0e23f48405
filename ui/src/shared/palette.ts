import { PALETTE_SIZE, hashName } from './chart/palette'

/** A colour of the series palette that is always the same for a name, as a CSS value. */
export const colourOf = (name: string): string => `var(--s${(hashName(name) % PALETTE_SIZE) + 1})`
