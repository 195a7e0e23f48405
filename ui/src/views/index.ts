import type { Component } from 'svelte'

type Loader = () => Promise<{ default: Component }>

const files = import.meta.glob<{ default: Component }>('./*.svelte')

/** Returns the view of a name in the address: `services` is `Services.svelte` in this folder. */
export function viewFor(name: string): Loader | undefined {
  return files[`./${name.charAt(0).toUpperCase()}${name.slice(1)}.svelte`]
}

/** Loads every view, so that navigation is instant and works without the engine. */
export async function fetchAllViews(): Promise<void> {
  // Sequential, so that the shown view has the connection first. A failed view is loaded on
  // navigation.
  for (const load of Object.values(files)) await load().catch(() => undefined)
}
