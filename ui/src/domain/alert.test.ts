import { expect, it } from 'vitest'
import type { AlertRule, RuleSource } from '@/backend'
import { alertText, delivery, labelText, testOutcome } from './alert'

const rule = (source: RuleSource) => ({ source }) as AlertRule

it('describes the state of a check', () => {
  const any = rule({ type: 'check', check_id: null })
  const alert = { labels: { check: 'mail relay', kind: 'tcp', service: 'mailer' }, value: 2, threshold: 1, unit: '' }
  expect(alertText(alert, any)).toBe('mail relay (mailer) is unhealthy')
  expect(alertText({ ...alert, value: null }, any)).toBe('mail relay (mailer) has no data')
  expect(labelText({ check: 'front door', kind: 'http' })).toBe('front door')
})

it('describes a value with its labels and threshold', () => {
  const lines = rule({ type: 'logs', query: '', by_service: true, window_seconds: 300 })
  expect(alertText({ labels: { service: 'cart' }, value: 34, threshold: 3, unit: '' }, lines)).toBe(
    'cart: 34 lines, threshold 3',
  )
  expect(alertText({ labels: {}, value: 34, threshold: 3, unit: '' }, lines)).toBe('34 lines, threshold 3')
})

it('does not report an unsent notification as delivered', () => {
  const outcome = { type: 'delivered' } as const
  expect(delivery({ outcome, channel: 'desktop' })).toEqual({ state: 'healthy', words: 'delivered' })
  expect(delivery({ outcome, channel: 'none' })).toEqual({ state: 'unknown', words: 'not sent' })
  expect(testOutcome({ outcome, channel: 'none' }).state).toBe('degraded')
  expect(testOutcome({ outcome: { type: 'failed', reason: 'no bus' }, channel: 'desktop' }).words).toMatch(/no bus$/)
})
