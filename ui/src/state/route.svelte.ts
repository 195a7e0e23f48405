import { addressFragment } from '@/backend'
import { formatAddress, mergeParameters, parseAddress } from './address'

type Parameters = Record<string, string | readonly string[] | number | null | undefined>

/** The current address. All navigation changes it, so that back and forward restore the view. */
class Route {
  #address = $state.raw(parseAddress(addressFragment()))

  constructor() {
    if (typeof window === 'undefined') return
    const read = () => (this.#address = parseAddress(addressFragment()))
    window.addEventListener('hashchange', read)
    window.addEventListener('popstate', read)
  }

  /** The segments of the path; the first names the view. */
  get path(): readonly string[] {
    return this.#address.path
  }

  get view(): string {
    return this.#address.path[0] ?? 'overview'
  }

  param(name: string): string {
    return this.#address.params.get(name) ?? ''
  }

  all(name: string): string[] {
    return this.#address.params.getAll(name)
  }

  /**
   * Returns the address of another view. It retains time range and filters and drops other
   * parameters.
   */
  link(path: string | readonly string[], params: Parameters = {}): string {
    const segments = typeof path === 'string' ? path.split('/').filter(Boolean) : path
    return formatAddress(segments, mergeParameters(this.#address.params, params))
  }

  /** Navigates to another view, as a link does. */
  go(path: string | readonly string[], params: Parameters = {}): void {
    this.#open(this.link(path, params), false)
  }

  /**
   * Changes parameters of this view; null removes one. Adds an entry to the history unless
   * `replace`.
   */
  set(params: Parameters, { replace = false } = {}): void {
    this.#open(formatAddress(this.path, mergeParameters(this.#address.params, params, true)), replace)
  }

  #open(hash: string, replace: boolean): void {
    if (hash === location.hash) return
    history[replace ? 'replaceState' : 'pushState'](null, '', hash)
    this.#address = parseAddress(hash)
  }
}

export const route = new Route()
