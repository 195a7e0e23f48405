import type { Snippet } from 'svelte'

export interface Crumb {
  label: string
  href: string
}

/** What the bar shows for the current view; set through the `Heading` component. */
class HeadingState {
  /** The `Heading` component that was made last. */
  owner: object | undefined
  title = $state('Overview')
  crumbs = $state.raw<Crumb[]>([])
  actions = $state.raw<Snippet | undefined>(undefined)
  /** Whether time range and filters have a meaning here. */
  scoped = $state(true)
}

export const heading = new HeadingState()
