import { describe, expect, it } from 'vitest'
import type { HealthState, ListenerStatus } from '@/backend'
import { argumentsOf, commandSection, nameOf, prometheusSection, withSection } from './sections'
import { remoteWriteSnippets, statsdSnippets } from './senders'
import { notListening, standingOfListeners, standingOfParts } from './status'
import { LANGUAGES, otlpText, reachable } from './sources'

it('gives an address that a program on this machine can send to', () => {
  expect(reachable('127.0.0.1:4317')).toBe('http://127.0.0.1:4317')
  expect(reachable('0.0.0.0:4318')).toBe('http://127.0.0.1:4318')
  expect(reachable('[::]:4318')).toBe('http://127.0.0.1:4318')
  expect(reachable('192.168.1.5:4317')).toBe('http://192.168.1.5:4317')
})

it('names the real endpoint in every language', () => {
  for (const { value } of LANGUAGES)
    for (const protocol of ['grpc', 'http'] as const)
      expect(otlpText(value, 'http://127.0.0.1:14317', protocol)).toContain('127.0.0.1:14317')
})

describe('sections of the settings file', () => {
  it('part a command as one types it', () => {
    expect(argumentsOf('/bin/a --all  "two words" \'x "y"\'')).toEqual(['/bin/a', '--all', 'two words', 'x "y"'])
    expect(argumentsOf('a "" b')).toEqual(['a', '', 'b'])
    expect(argumentsOf('a "b')).toBeNull()
    expect(argumentsOf('  ')).toEqual([])
  })

  it('hold what was typed as it was typed', () => {
    expect(withSection('a = 1\n\n\n', commandSection(['/bin/"q"', '$HOME'], 'q'))).toBe(
      'a = 1\n\n[[command]]\nname = "q"\nrun = ["/bin/\\"q\\"", "$HOME"]\n',
    )
    expect(prometheusSection('C:\\p.yml')).toBe('\n[[prometheus]]\nfile = "C:\\\\p.yml"\n')
    expect(nameOf('/usr/bin/backup-metrics.sh')).toBe('backup-metrics')
  })
})

it('says where to send StatsD', () => {
  expect(statsdSnippets('0.0.0.0:8125', '')[0]?.text).toContain('/dev/udp/127.0.0.1/8125')
  expect(statsdSnippets('', '/run/dsd.sock').map(({ value }) => value)).toEqual(['socket'])
  expect(remoteWriteSnippets('127.0.0.1:7172')[0]?.text).toContain('url: http://127.0.0.1:7172/api/v1/write')
})

describe('how a way in is', () => {
  const parts = (...states: HealthState[]) => standingOfParts(states.map((state) => ({ state })))
  it('is told by its parts', () => {
    expect(parts()).toEqual({ state: 'unknown', words: 'none yet' })
    expect(parts('unknown')).toEqual({ state: 'unknown', words: 'starting' })
    expect(parts('healthy', 'degraded')).toEqual({ state: 'healthy', words: '2 working' })
    expect(parts('healthy', 'unhealthy')).toEqual({ state: 'degraded', words: '1 working, 1 failing' })
    expect(parts('unhealthy', 'unknown')).toEqual({ state: 'unhealthy', words: '1 failing' })
  })

  it('is told by what came in, and else by whether it listens', () => {
    const listener = (state: HealthState, samples: number, address = '127.0.0.1:1'): ListenerStatus => ({
      protocol: 'statsd',
      address,
      state,
      message: '',
      received: { samples, logs: 0, spans: 0 },
      refused: 0,
      rejected: 0,
      last_received: null,
    })
    const told = (...listeners: ListenerStatus[]) =>
      standingOfListeners(listeners, { samples: 'samples', logs: 'lines' })
    expect(told(listener('healthy', 1200), listener('unhealthy', 0)).words).toBe('1.2k samples, 0 lines')
    expect(told({ ...listener('healthy', 1200), rejected: 7 }).words).toBe('1.2k samples, 0 lines, 7 left out')
    expect(told(listener('unhealthy', 0))).toEqual({ state: 'unhealthy', words: 'not listening' })
    expect(told(listener('healthy', 0)).words).toBe('waiting for data')
    expect(told(listener('unhealthy', 0, '')).words).toBe('off')
    expect(told().words).toBe('off')
    expect(notListening([listener('unhealthy', 0, ''), listener('healthy', 0)])).toEqual([])
  })
})
