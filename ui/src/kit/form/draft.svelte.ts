/**
 * Text that is being typed over a value which may change meanwhile. While its field has the focus what is typed stands;
 * afterwards it gives way as soon as the value becomes another.
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

  /** What the field shows. */
  get text(): string {
    return this.#shown
  }

  set text(typed: string) {
    this.#typed = { text: typed, over: this.#value() }
  }

  /** Tells that the field got the focus or lost it. */
  focus(focused: boolean): void {
    this.#focused = focused
  }

  /** Shows the value again. */
  drop(): void {
    this.#typed = null
  }
}
