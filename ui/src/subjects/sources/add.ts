import { BackendError, call } from '@/backend'
import { argumentsOf, commandSection, nameOf, processSection, prometheusSection, withSection } from './sections'

/** Puts a section at the end of the settings file; it is in force at once. */
async function append(section: string): Promise<void> {
  const { text } = await call('settings', {})
  const { error } = await call('save_settings', { text: withSection(text, section) })
  if (error) throw new BackendError('invalid', error)
}

/** Scrapes an address as a job, which is named after the host unless told. */
export const scrape = (url: string, job: string) => call('add_scrape_target', { url, name: job || hostOf(url) })

/** Scrapes what a settings file of Prometheus names. */
export const readPrometheus = (file: string): Promise<void> => append(prometheusSection(file))

/** Watches the processes of an executable. */
export const watchProcess = (executable: string, name: string): Promise<void> =>
  append(processSection(executable, name || nameOf(executable)))

/** Runs a command every minute and reads what it prints. */
export async function runCommand(line: string, name: string): Promise<void> {
  const words = argumentsOf(line)
  if (!words?.[0]) throw new BackendError('invalid', 'a quote is not closed')
  await append(commandSection(words, name || nameOf(words[0])))
}

/** Follows a log file as the log of a service. */
export const followLog = (path: string, service: string) => call('add_log_file', { path, service })

function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return url
  }
}
