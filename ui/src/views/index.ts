import type { Component } from 'svelte'

type Loader = () => Promise<{ default: Component }>

const files = import.meta.glob<{ default: Component }>('./*.svelte')

/** The view behind a name of the address: `services` is `Services.svelte` in this folder. */
export function viewFor(name: string): Loader | undefined {
  return files[`./${name.charAt(0).toUpperCase()}${name.slice(1)}.svelte`]
}
