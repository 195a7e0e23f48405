import { describe, expect, it } from 'vitest'
import { argumentsOf, commandSection, nameOf, prometheusSection, withSection } from './sections'
import { remoteWriteSnippets, statsdSnippets } from './senders'
import { LANGUAGES, otlpText, reachable } from './ways'

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
