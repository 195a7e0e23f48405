import { untrack } from 'svelte'

/** A key or key sequence (`g o`, `?`, `mod+k`, `j`) with its action. */
export interface Shortcut {
  keys: string
  label: string
  /** Heading of its group in the list of shortcuts. */
  group?: string
  run: (event: KeyboardEvent) => void
  /** True if it also works in fields. */
  inFields?: boolean
}

const SEQUENCE_TIME = 1200

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) || isTextInput(target))

const isTextInput = (target: HTMLElement) =>
  target instanceof HTMLInputElement && !/^(checkbox|radio|button|range|submit)$/.test(target.type)

/** Returns a key event as `Shortcut.keys` writes it. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): string {
  const key = event.key.length === 1 ? (event.key === ' ' ? 'space' : event.key) : event.key.toLowerCase()
  const modified = event.ctrlKey || event.metaKey
  return `${modified ? 'mod+' : ''}${event.altKey ? 'alt+' : ''}${modified ? key.toLowerCase() : key}`
}

/** The shortcuts of the console, latest registration first. */
class Keyboard {
  shortcuts = $state.raw<Shortcut[]>([])
  #begun = ''
  #begunAt = 0

  /** Registers shortcuts while a component exists. Must be called during its initialisation. */
  use(given: Shortcut[] | (() => Shortcut[])): void {
    $effect(() => {
      const shortcuts = typeof given === 'function' ? given() : given
      untrack(() => (this.shortcuts = [...shortcuts, ...this.shortcuts]))
      return () => untrack(() => (this.shortcuts = this.shortcuts.filter((one) => !shortcuts.includes(one))))
    })
  }

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return
    const typing = isField(event.target)
    const name = keyName(event)
    const sequence = Date.now() - this.#begunAt < SEQUENCE_TIME && this.#begun ? `${this.#begun} ${name}` : ''
    this.#begun = ''
    const dialogOpen = document.querySelector('[role="dialog"][data-modal="true"]') !== null
    const usable = this.shortcuts.filter((one) => (!typing || one.inFields) && (!dialogOpen || one.inFields))
    const found = usable.find((one) => one.keys === sequence) ?? usable.find((one) => one.keys === name)
    if (found) {
      event.preventDefault()
      found.run(event)
    } else if (usable.some((one) => one.keys.startsWith(`${name} `))) {
      this.#begun = name
      this.#begunAt = Date.now()
    }
  }
}

export const keyboard = new Keyboard()
