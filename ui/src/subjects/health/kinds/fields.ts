import type { Faults } from './kind'

/** Parses a whole number from 0; null if it is none. */
export const wholeNumber = (text: string): number | null => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : null)

/** Returns the faults of a host and a port. */
export function addressFaults({ host, port }: { host: string; port: number }): Faults {
  const found: Faults = {}
  if (!host.trim()) found.host = 'Enter a host name or address'
  if (!(port >= 1 && port <= 65535)) found.port = 'Enter a port from 1 to 65535'
  return found
}

/** Parses HTTP status codes separated by commas or spaces; null if one is invalid. */
export function statusCodes(text: string): number[] | null {
  const codes = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number)
  return codes.every((code) => Number.isInteger(code) && code >= 100 && code <= 599) ? codes : null
}
