/** Writes a text as a TOML string. */
const quoted = (text: string): string => JSON.stringify(text)

const section = (name: string, values: Record<string, string>): string =>
  `\n[[${name}]]\n${Object.entries(values)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')}`

/** Appends a section to the text of the settings file. */
export const withSection = (text: string, added: string): string => `${text.replace(/\n*$/, '\n')}${added}`

/** Returns the section of a Prometheus configuration file. */
export const prometheusSection = (file: string): string => section('prometheus', { file: quoted(file) })

/** Returns the section of a command that prints metrics. */
export const commandSection = (argv: readonly string[], name: string): string =>
  section('command', { name: quoted(name), run: `[${argv.map(quoted).join(', ')}]` })

/** Returns the section of a named process group. */
export const processSection = (executable: string, name: string): string =>
  section('process', { name: quoted(name), executable: quoted(executable), children: 'true' })

/**
 * Splits a command line into program and arguments at unquoted spaces; null for an unclosed quote.
 * Other shell syntax is not interpreted, because no shell runs.
 */
export function argumentsOf(line: string): string[] | null {
  const found: string[] = []
  let word: string | null = null
  let quote = ''
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? ''
    if (quote) {
      if (letter === quote) quote = ''
      else word += letter
    } else if (letter === '"' || letter === "'") {
      quote = letter
      word ??= ''
    } else if (/\s/.test(letter)) {
      if (word !== null) found.push(word)
      word = null
    } else word = (word ?? '') + letter
  }
  if (quote) return null
  return word === null ? found : [...found, word]
}

/** Returns the file name of a path without its extension, as a default name. */
export const nameOf = (path: string): string => /([^/\\]+?)(?:\.[^./\\]*)?[/\\]*$/.exec(path)?.[1] ?? path
