/** Parameters of every view, carried by every link. */
const GLOBAL_PARAMETERS = ['from', 'to', 'live', 'f'] as const

/** An address in the console: segments of a path and parameters. */
export interface Address {
  path: string[]
  params: URLSearchParams
}

/** Parses `#/services/checkout?from=now-1h`. An empty or invalid address is the overview. */
export function parseAddress(hash: string): Address {
  const text = hash.replace(/^#/, '')
  const [path = '', query = ''] = text.split(/\?(.*)/s)
  const segments = path.split('/').filter(Boolean).map(decodeSafely)
  return { path: segments.length ? segments : ['overview'], params: new URLSearchParams(query) }
}

/** Writes an address; segments may contain any characters. */
export function formatAddress(path: readonly string[], params: URLSearchParams): string {
  const query = params.toString()
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`
}

/**
 * Returns the parameters of a new address: the global ones of `current`, overridden by `given`
 * (null removes).
 */
export function mergeParameters(
  current: URLSearchParams,
  given: Record<string, string | readonly string[] | number | null | undefined>,
  retainAll = false,
): URLSearchParams {
  const merged = new URLSearchParams()
  for (const [key, value] of current) {
    const retained = retainAll || (GLOBAL_PARAMETERS as readonly string[]).includes(key)
    if (retained && !(key in given)) merged.append(key, value)
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
