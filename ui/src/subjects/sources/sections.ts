/** Text as a string of TOML. */
const quoted = (text: string): string => JSON.stringify(text)

const section = (name: string, values: Record<string, string>): string =>
  `\n[[${name}]]\n${Object.entries(values)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')}`

/** The text of the settings file with one more section at its end. */
export const withSection = (text: string, added: string): string => `${text.replace(/\n*$/, '\n')}${added}`

/** The section that reads a settings file of Prometheus. */
export const prometheusSection = (file: string): string => section('prometheus', { file: quoted(file) })

/** The section that runs a command every minute and reads what it prints. */
export const commandSection = (argv: readonly string[], name: string): string =>
  section('command', { name: quoted(name), run: `[${argv.map(quoted).join(', ')}]` })

/** The section that watches the processes of an executable under a name. */
export const processSection = (executable: string, name: string): string =>
  section('process', { name: quoted(name), executable: quoted(executable), children: 'true' })

/**
 * A line as one types it in a terminal, as program and arguments: blanks part them unless quoted. Null while a
 * quote is open. Nothing else that a shell knows is understood, because none is run.
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

/** The last part of a path, without what follows a point: the name for what was picked by its path. */
export const nameOf = (path: string): string => /([^/\\]+?)(?:\.[^./\\]*)?[/\\]*$/.exec(path)?.[1] ?? path
