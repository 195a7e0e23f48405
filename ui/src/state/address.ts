/** Parameters that belong to every view and travel with every link. */
export const GLOBAL_PARAMETERS = ['from', 'to', 'live', 'f'] as const

/** Where the console is: a path of segments and the parameters behind it. */
export interface Address {
  path: string[]
  params: URLSearchParams
}

/** Reads `#/services/checkout?from=now-1h`. An empty or broken address is the overview. */
export function parseAddress(hash: string): Address {
  const text = hash.replace(/^#/, '')
  const [path = '', query = ''] = text.split(/\?(.*)/s)
  const segments = path.split('/').filter(Boolean).map(decodeSafely)
  return { path: segments.length ? segments : ['overview'], params: new URLSearchParams(query) }
}

/** Writes an address; segments may hold any characters. */
export function formatAddress(path: readonly string[], params: URLSearchParams): string {
  const query = params.toString()
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`
}

/** The new parameters of an address: the global ones of `current`, overridden by `given` (null removes). */
export function mergeParameters(
  current: URLSearchParams,
  given: Record<string, string | readonly string[] | number | null | undefined>,
  keepAll = false,
): URLSearchParams {
  const merged = new URLSearchParams()
  for (const [key, value] of current) {
    const kept = keepAll || (GLOBAL_PARAMETERS as readonly string[]).includes(key)
    if (kept && !(key in given)) merged.append(key, value)
  }
  for (const [key, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === '') continue
    for (const one of Array.isArray(value) ? value : [value]) merged.append(key, String(one))
  }
  return merged
}

function decodeSafely(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
