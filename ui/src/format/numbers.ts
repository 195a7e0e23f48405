/** A number of an answer in JSON, where `NaN`, `+Inf` and `-Inf` are texts. */
export type JsonNumber = number | string

/** Returns the number of an answer in JSON. */
export function numberOf(value: JsonNumber): number {
  if (typeof value === 'number') return value
  return value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number.NaN
}

/** Writes a number that is not finite as Prometheus does. */
export const notFinite = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf')
