/**
 * Text being typed over a value that may change meanwhile. The text stays while its field has the
 * focus. Afterwards a change of the value replaces it.
 */
export class Draft {
  readonly #value: () => string
  #typed = $state.raw<{ text: string; over: string } | null>(null)
  #focused = $state(false)
  readonly #shown = $derived.by(() => {
    const value = this.#value()
    return this.#typed && (this.#focused || this.#typed.over === value) ? this.#typed.text : value
  })

  constructor(value: () => string) {
    this.#value = value
  }

  /** The text of the field. */
  get text(): string {
    return this.#shown
  }

  set text(typed: string) {
    this.#typed = { text: typed, over: this.#value() }
  }

  /** Records that the field has the focus or lost it. */
  focus(focused: boolean): void {
    this.#focused = focused
  }

  /** Shows the value again. */
  drop(): void {
    this.#typed = null
  }
}
