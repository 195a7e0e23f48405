import type { Component } from 'svelte'

type Loader = () => Promise<{ default: Component }>

const files = import.meta.glob<{ default: Component }>('./*.svelte')

/** The view behind a name of the address: `services` is `Services.svelte` in this folder. */
export function viewFor(name: string): Loader | undefined {
  return files[`./${name.charAt(0).toUpperCase()}${name.slice(1)}.svelte`]
}

/** Fetches every view, so that going to one is instant and works while the engine does not answer. */
export async function fetchAllViews(): Promise<void> {
  // One after another: the view that is shown has the connection first. One that fails is fetched when gone to.
  for (const load of Object.values(files)) await load().catch(() => undefined)
}
