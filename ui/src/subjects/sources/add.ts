import { BackendError, call } from '@/backend'
import { argumentsOf, commandSection, nameOf, processSection, prometheusSection, withSection } from './sections'

/** Appends a section to the settings file; it applies at once. */
async function append(section: string): Promise<void> {
  const { text } = await call('settings', {})
  const { error } = await call('save_settings', { text: withSection(text, section) })
  if (error) throw new BackendError('invalid', error)
}

/** Adds a scrape target; the job is named after the host by default. */
export const scrape = (url: string, job: string) => call('add_scrape_target', { url, name: job || hostOf(url) })

/** Adds the targets of a Prometheus configuration file. */
export const readPrometheus = (file: string): Promise<void> => append(prometheusSection(file))

/** Adds the processes of an executable. */
export const watchProcess = (executable: string, name: string): Promise<void> =>
  append(processSection(executable, name || nameOf(executable)))

/** Adds a command that runs every minute and prints metrics. */
export async function runCommand(line: string, name: string): Promise<void> {
  const words = argumentsOf(line)
  if (!words?.[0]) throw new BackendError('invalid', 'unclosed quote')
  await append(commandSection(words, name || nameOf(words[0])))
}

/** Adds a log file of a service. */
export const followLog = (path: string, service: string) => call('add_log_file', { path, service })

function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return url
  }
}
