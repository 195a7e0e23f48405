import { expect, it } from 'vitest'
import type { AlertRule, Watch } from '@/backend'
import { delivery, sentence, testOutcome, where } from './alert'

const rule = (watch: Watch) => ({ watch }) as AlertRule

it('says of a check what a person would', () => {
  const any = rule({ type: 'check', check_id: null })
  const alert = { labels: { check: 'mail relay', kind: 'tcp', service: 'mailer' }, value: 2, threshold: 1, unit: '' }
  expect(sentence(alert, any)).toBe('mail relay (mailer) is unhealthy')
  expect(sentence({ ...alert, value: null }, any)).toBe('mail relay (mailer) has no data')
  expect(where({ check: 'front door', kind: 'http' })).toBe('front door')
})

it('says of a value where it is and against what', () => {
  const lines = rule({ type: 'logs', query: '', by_service: true, window_seconds: 300 })
  expect(sentence({ labels: { service: 'cart' }, value: 34, threshold: 3, unit: '' }, lines)).toBe(
    'cart: 34 lines against 3',
  )
  expect(sentence({ labels: {}, value: 34, threshold: 3, unit: '' }, lines)).toBe('34 lines against 3')
})

it('does not claim that a notification was shown which was only recorded', () => {
  const outcome = { type: 'delivered' } as const
  expect(delivery({ outcome, channel: 'desktop' })).toEqual({ state: 'healthy', words: 'delivered' })
  expect(delivery({ outcome, channel: 'record only' })).toEqual({ state: 'unknown', words: 'recorded only' })
  expect(testOutcome({ outcome, channel: 'record only' }).state).toBe('degraded')
  expect(testOutcome({ outcome: { type: 'failed', reason: 'no bus' }, channel: 'desktop' }).words).toMatch(/no bus$/)
})
