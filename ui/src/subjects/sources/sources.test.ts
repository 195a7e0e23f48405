import { describe, expect, it } from 'vitest'
import type { HealthState, ListenerStatus } from '@/backend'
import { argumentsOf, commandSection, nameOf, prometheusSection, withSection } from './sections'
import { remoteWriteSnippets, statsdSnippets } from './senders'
import { notListening, statusOfListeners, statusOfComponents } from './status'
import { endpointOf, LANGUAGES, otlpText, reachable } from './sources'

it('returns an address that a program on this machine can send to', () => {
  expect(reachable('127.0.0.1:4317')).toBe('http://127.0.0.1:4317')
  expect(reachable('0.0.0.0:4318')).toBe('http://127.0.0.1:4318')
  expect(reachable('[::]:4318')).toBe('http://127.0.0.1:4318')
  expect(reachable('192.168.1.5:4317')).toBe('http://192.168.1.5:4317')
})

it('leads other machines to TLS and the token', () => {
  const address = (given: string, access: ListenerStatus['access']) => endpointOf({ address: given, access }, 'vessel')
  expect(address('0.0.0.0:4317', 'protected')).toBe('https://vessel:4317')
  expect(address('[::]:4317', 'refused')).toBe('https://vessel:4317')
  expect(address('192.168.1.5:4317', 'protected')).toBe('https://192.168.1.5:4317')
  expect(address('127.0.0.1:4317', 'local')).toBe('http://127.0.0.1:4317')
  for (const { value } of LANGUAGES)
    for (const protocol of ['grpc', 'http'] as const)
      expect(otlpText(value, 'https://vessel:4317', protocol, true)).toMatch(/HEADERS|headers/)
  for (const { text } of remoteWriteSnippets('https://vessel:7172', true))
    expect(text).toMatch(/credentials_file|bearer_token_file|bearerTokenFile|BINNACLE_TOKEN/)
})

it('names the real endpoint in every language', () => {
  for (const { value } of LANGUAGES)
    for (const protocol of ['grpc', 'http'] as const)
      expect(otlpText(value, 'http://127.0.0.1:14317', protocol)).toContain('127.0.0.1:14317')
})

describe('sections of the settings file', () => {
  it('split a command line', () => {
    expect(argumentsOf('/bin/a --all  "two words" \'x "y"\'')).toEqual(['/bin/a', '--all', 'two words', 'x "y"'])
    expect(argumentsOf('a "" b')).toEqual(['a', '', 'b'])
    expect(argumentsOf('a "b')).toBeNull()
    expect(argumentsOf('  ')).toEqual([])
  })

  it('quote typed text', () => {
    expect(withSection('a = 1\n\n\n', commandSection(['/bin/"q"', '$HOME'], 'q'))).toBe(
      'a = 1\n\n[[command]]\nname = "q"\nrun = ["/bin/\\"q\\"", "$HOME"]\n',
    )
    expect(prometheusSection('C:\\p.yml')).toBe('\n[[prometheus]]\nfile = "C:\\\\p.yml"\n')
    expect(nameOf('/usr/bin/backup-metrics.sh')).toBe('backup-metrics')
  })
})

it('contain the address for StatsD', () => {
  expect(statsdSnippets('0.0.0.0:8125', '')[0]?.text).toContain('/dev/udp/127.0.0.1/8125')
  expect(statsdSnippets('', '/run/dsd.sock').map(({ value }) => value)).toEqual(['socket'])
  expect(remoteWriteSnippets('http://127.0.0.1:7172')[0]?.text).toContain('url: http://127.0.0.1:7172/api/v1/write')
})

describe('the status of a source', () => {
  const parts = (...states: HealthState[]) => statusOfComponents(states.map((state) => ({ state })))
  it('follows from its components', () => {
    expect(parts()).toEqual({ state: 'unknown', words: 'none yet' })
    expect(parts('unknown')).toEqual({ state: 'unknown', words: 'starting' })
    expect(parts('healthy', 'degraded')).toEqual({ state: 'healthy', words: '2 working' })
    expect(parts('healthy', 'unhealthy')).toEqual({ state: 'degraded', words: '1 working, 1 failing' })
    expect(parts('unhealthy', 'unknown')).toEqual({ state: 'unhealthy', words: '1 failing' })
  })

  it('follows from the received data, or else from the receivers', () => {
    const listener = (state: HealthState, samples: number, address = '127.0.0.1:1'): ListenerStatus => ({
      protocol: 'statsd',
      address,
      state,
      message: '',
      access: 'local',
      received: { samples, logs: 0, spans: 0 },
      rejected_requests: 0,
      over_budget: 0,
      rejected_records: 0,
      last_received: null,
    })
    const statusOf = (...listeners: ListenerStatus[]) =>
      statusOfListeners(listeners, { samples: 'samples', logs: 'lines' })
    expect(statusOf(listener('healthy', 1200), listener('unhealthy', 0)).words).toBe('1.2k samples, 0 lines')
    expect(statusOf({ ...listener('healthy', 1200), rejected_records: 7 }).words).toBe(
      '1.2k samples, 0 lines, 7 dropped',
    )
    expect(statusOf(listener('unhealthy', 0))).toEqual({ state: 'unhealthy', words: 'not listening' })
    expect(statusOf(listener('healthy', 0)).words).toBe('waiting for data')
    expect(statusOf(listener('unhealthy', 0, '')).words).toBe('off')
    expect(statusOf().words).toBe('off')
    expect(notListening([listener('unhealthy', 0, ''), listener('healthy', 0)])).toEqual([])
  })
})
