import { expect, it } from 'vitest'
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
