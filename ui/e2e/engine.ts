import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const START_TIME = 60_000
const STOP_TIME = 20_000

/** A program that cargo built from `crate`. */
export function built(name: string, crate: string): string {
  const target = resolve(process.env.CARGO_TARGET_DIR ?? join(import.meta.dirname, '../../target'))
  const path = join(target, 'debug', process.platform === 'win32' ? `${name}.exe` : name)
  if (!existsSync(path)) throw new Error(`${path} is not built; run cargo build -p ${crate}`)
  return path
}

/** The program under test. */
const program = (): string => built('binnacle-cli', 'binnacle-cli')

/**
 * Returns free ports. All stay open until the last is found, since a closed port would be found
 * again.
 */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  const ports: number[] = []
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port is free')
    ports.push(address.port)
  }
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/**
 * Where an engine is and how to talk to it. Plain data, so that it can be handed to another
 * process.
 */
export interface EngineAddress {
  folder: string
  http: string
  otlpGrpc: string
  otlpHttp: string
  remoteWrite: string
  statsd: string
}

/** Posts JSON to the socket of a running engine. */
async function post<Reply>(address: EngineAddress, path: string, body: unknown): Promise<Reply> {
  const note = JSON.parse(await readFile(join(address.folder, 'data', 'engine.json'), 'utf8')) as { socket: string }
  return new Promise((done, failed) => {
    const sent = request(
      { socketPath: note.socket, path, method: 'POST', headers: { 'content-type': 'application/json' } },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('end', () => {
          const text = Buffer.concat(parts).toString()
          if (response.statusCode === 200) done(JSON.parse(text) as Reply)
          else failed(new Error(`${path}: ${response.statusCode} ${text}`))
        })
      },
    )
    sent.on('error', failed)
    sent.end(JSON.stringify(body))
  })
}

/** A new link to the console of an engine, at a view such as `#/logs`. It works once. */
export async function consoleLink(address: EngineAddress, view = ''): Promise<string> {
  const { link } = await post<{ link: string }>(address, '/api/link', {})
  return `${link}${view}`
}

/** Calls a command of a running engine. */
export const command = <Reply>(address: EngineAddress, name: string, args: unknown): Promise<Reply> =>
  post<Reply>(address, `/api/command/${name}`, args)

/** Allows the change that a page requests, once it is there, as `binnacle-cli confirm` does. */
export async function allow(address: EngineAddress): Promise<void> {
  const deadline = Date.now() + START_TIME
  for (;;) {
    const [pending] = await command<{ id: string }[]>(address, 'confirmations', {})
    if (pending) {
      await command(address, 'confirm', { id: pending.id })
      return
    }
    if (Date.now() > deadline) throw new Error('no page has requested a change')
    await new Promise((done) => setTimeout(done, 100))
  }
}

/** A real engine in a separate process, on a new data folder and free ports. */
export class Engine {
  #process: ChildProcess | null = null

  private constructor(readonly address: EngineAddress) {}

  static async start(settings = ''): Promise<Engine> {
    const folder = await mkdtemp(join(tmpdir(), 'binnacle-e2e-'))
    await mkdir(join(folder, 'data'))
    if (settings) await writeFile(join(folder, 'data', 'settings.toml'), settings)
    const [http = 0, grpc = 0, otlp = 0, remote = 0, statsd = 0] = await freePorts(5)
    const engine = new Engine({
      folder,
      http: `127.0.0.1:${http}`,
      otlpGrpc: `127.0.0.1:${grpc}`,
      otlpHttp: `127.0.0.1:${otlp}`,
      remoteWrite: `127.0.0.1:${remote}`,
      statsd: `127.0.0.1:${statsd}`,
    })
    await engine.resume()
    return engine
  }

  /** Starts the process on the same folder and the same ports; done once it accepts traffic. */
  async resume(): Promise<void> {
    const { folder, http, otlpGrpc, otlpHttp, remoteWrite, statsd } = this.address
    const listen = ['--http', http, '--otlp-grpc', otlpGrpc, '--otlp-http', otlpHttp]
    const child = spawn(
      program(),
      ['serve', '--data', join(folder, 'data'), ...listen, '--remote-write', remoteWrite, '--statsd', statsd],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: 'disabled:' } },
    )
    this.#process = child
    let complaints = ''
    child.stderr.on('data', (text: Buffer) => (complaints = `${complaints}${text.toString()}`.slice(-4000)))
    const ready = new Promise<void>((done, failed) => {
      createInterface(child.stdout).on('line', (line) => {
        const found = /^ready http:\/\/([^/]+)$/.exec(line)
        if (found?.[1] === http) done()
        else if (found) failed(new Error(`served on ${found[1]} instead of ${http}`))
      })
      child.once('exit', (code) =>
        failed(new Error(`the engine ended with ${code} before it was ready: ${complaints}`)),
      )
      setTimeout(() => failed(new Error(`the engine was not ready in time: ${complaints}`)), START_TIME).unref()
    })
    await ready
  }

  /** Ends the process as a service manager would; the data stay. */
  async pause(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIME)
    await ended
    clearTimeout(late)
  }

  /** Ends the process and removes its data. */
  async stop(): Promise<void> {
    await this.pause()
    await rm(this.address.folder, { recursive: true, force: true })
  }
}

/** Fills an engine with an hour of the demonstration shop. */
export async function fill(address: EngineAddress): Promise<void> {
  const child = spawn(program(), ['demo', '--once', '--history', '1h', '--to', `http://${address.otlpGrpc}`], {
    stdio: 'ignore',
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the demonstration ended with ${code}`)
}
