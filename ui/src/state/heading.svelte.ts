import type { Snippet } from 'svelte'

export interface Crumb {
  label: string
  href: string
}

/** The content of the top bar for the current view, set by the `Heading` component. */
class HeadingState {
  /** The `Heading` component that was created last. */
  owner: object | undefined
  title = $state('Overview')
  crumbs = $state.raw<Crumb[]>([])
  actions = $state.raw<Snippet | undefined>(undefined)
  /** True if time range and filters apply to the view. */
  scoped = $state(true)
}

export const heading = new HeadingState()
