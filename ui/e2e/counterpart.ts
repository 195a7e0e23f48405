import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { built } from './engine'

/**
 * Runs a Python client of `tests/clients`; gives what it printed. The first run installs packages.
 */
export async function runPython(script: string, ...args: string[]): Promise<string> {
  const child = spawn(built('counterpart', 'tests'), ['python', script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A stack would push the reason out of the message.
    env: { ...process.env, RUST_BACKTRACE: '0' },
  })
  let output = ''
  let complaints = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr.on('data', (text: Buffer) => (complaints += text.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${complaints.slice(-2000)}`)
  return output
}

/** An installation of Sentry that answers as its published API schema documents. */
export interface SentryInstallation {
  url: string
  token: string
  stop: () => void
}

/** Starts an installation with an hour of data in the organization `acme`. */
export async function startSentry(): Promise<SentryInstallation> {
  const child = spawn(built('counterpart', 'tests'), ['sentry'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)
  const [line] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the installation ended with ${code}`)
    }),
  ])) as [string]
  const [, url = '', token = ''] = line.split(' ')
  return { url, token, stop: () => child.stdin.end() }
}
