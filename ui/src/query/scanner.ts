import type { TagMatcher } from '@/backend'
import { operatorOf, SIGNS } from './matchers'

/** A syntax error of a query: position (the first character is 0) and expected text. */
export class ExpressionError extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.name = 'ExpressionError'
    this.at = at
  }
}

const NAME = /[^\s{}()[\],="!~<>]+/y

/** A scanner of query texts. Its methods throw `ExpressionError` on unexpected text. */
export class Scanner {
  at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  fail(expected: string, at = this.at): never {
    throw new ExpressionError(at, `expected ${expected}`)
  }

  space(): void {
    while (/\s/.test(this.#text[this.at] ?? '')) this.at += 1
  }

  /** Returns true if `sign` comes next. */
  has(sign: string): boolean {
    this.space()
    return this.#text.startsWith(sign, this.at)
  }

  take(sign: string, what = `“${sign}”`): void {
    if (!this.has(sign)) this.fail(what)
    this.at += sign.length
  }

  /** Consumes `word` unless it is only the beginning of a longer name; returns true if it did. */
  takeWord(word: string): boolean {
    this.space()
    const end = this.at + word.length
    NAME.lastIndex = end
    if (!this.#text.startsWith(word, this.at) || NAME.test(this.#text)) return false
    this.at = end
    return true
  }

  /** Consumes and returns the first of `signs` that comes next. */
  oneOf<Sign extends string>(signs: readonly Sign[], what: string): Sign {
    this.space()
    const found = signs.find((sign) => this.#text.startsWith(sign, this.at)) ?? this.fail(what)
    this.at += found.length
    return found
  }

  name(what: string): string {
    this.space()
    NAME.lastIndex = this.at
    const found = NAME.exec(this.#text)?.[0] ?? this.fail(what)
    this.at += found.length
    return found
  }

  quoted(): string {
    this.take('"', 'a value in quotes')
    let value = ''
    while (this.at < this.#text.length && this.#text[this.at] !== '"') {
      if (this.#text[this.at] === '\\') this.at += 1
      value += this.#text[this.at] ?? ''
      this.at += 1
    }
    if (this.#text[this.at] !== '"') this.fail('the closing quote')
    this.at += 1
    return value
  }

  /** Consumes the text up to and with `sign`; returns it without `sign`. */
  until(sign: string): string {
    const end = this.#text.indexOf(sign, this.at)
    if (end < 0) this.fail(`“${sign}”`, this.#text.length)
    const found = this.#text.slice(this.at, end)
    this.at = end + sign.length
    return found
  }

  /** Consumes and returns the rest. */
  rest(): string {
    const found = this.#text.slice(this.at)
    this.at = this.#text.length
    return found
  }

  /** Consumes optional matchers in braces: `{service="checkout", route!~"/health.*"}`. */
  matchers(): TagMatcher[] {
    const found: TagMatcher[] = []
    if (!this.has('{')) return found
    this.take('{')
    while (!this.has('}')) {
      const key = this.name('a tag or “}”')
      const operator = operatorOf(this.oneOf(SIGNS, '=, !=, =~ or !~')) ?? 'equal'
      found.push({ key, operator, value: this.quoted() })
      if (!this.has('}')) this.take(',', '“,” or “}”')
    }
    this.take('}')
    return found
  }

  /** Consumes names in parentheses: `(route, host)`. */
  names(): string[] {
    const found: string[] = []
    this.take('(')
    while (!this.has(')')) {
      found.push(this.name('a tag or “)”'))
      if (!this.has(')')) this.take(',', '“,” or “)”')
    }
    this.take(')')
    return found
  }

  end(what = 'the end'): void {
    this.space()
    if (this.at < this.#text.length) this.fail(what)
  }
}

/** Quotes a text as `Scanner.quoted` parses it. */
export const inQuotes = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
