import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { EngineAddress } from './engine'

/** A user of the machine without any rights. */
const NOBODY = 65_534

/** A line of `impostor-server.mjs`. */
interface Received {
  listening?: number
  request?: string
  headers?: Record<string, string>
  message?: Record<string, unknown>
}

/** A program of another user on the port of a stopped engine, and what it has received. */
export class Impostor {
  private constructor(
    readonly received: Received[],
    /** Ends the program. */
    readonly stop: () => Promise<void>,
  ) {}

  /** Starts one. On an account other than root it runs as the same user. */
  static async start(address: EngineAddress, behaviour: 'lie' | 'wait'): Promise<Impostor> {
    const script = await readFile(join(import.meta.dirname, 'impostor-server.mjs'), 'utf8')
    const port = address.http.split(':')[1] ?? ''
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, port, behaviour], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: '/',
      ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
    })
    const received: Received[] = []
    const lines = createInterface(child.stdout)
    lines.on('line', (line) => received.push(JSON.parse(line) as Received))
    await once(lines, 'line')
    return new Impostor(received, async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    })
  }

  /** The messages of pages. */
  messages(): Record<string, unknown>[] {
    return this.received.flatMap(({ message }) => (message ? [message] : []))
  }
}
