import { expect, it } from 'vitest'
import { delivery, labelText, stateMark, testOutcome, unseen } from './alert'

it('names a check by its name and its service', () => {
  expect(labelText({ check: 'front door', kind: 'http' })).toBe('front door')
  expect(labelText({ check: 'mail relay', kind: 'tcp', service: 'mailer' })).toBe('mail relay (mailer)')
})

it('marks what fires by its severity', () => {
  expect(stateMark('firing', 'critical')).toBe('unhealthy')
  expect(stateMark('firing', 'warning')).toBe('degraded')
  expect(stateMark('firing', 'info')).toBe('unknown')
  expect(stateMark('pending', 'critical')).toBe('degraded')
  expect(stateMark('inactive', 'critical')).toBe('healthy')
})

it('does not report an unsent notification as delivered', () => {
  const outcome = { type: 'delivered' } as const
  expect(delivery({ outcome, channel: 'desktop' })).toEqual({ state: 'healthy', words: 'delivered' })
  expect(delivery({ outcome, channel: 'none' })).toEqual({ state: 'unknown', words: 'not sent' })
  expect(testOutcome({ outcome, channel: 'none' }).state).toBe('degraded')
  expect(testOutcome({ outcome: { type: 'failed', reason: 'no bus' }, channel: 'desktop' }).words).toMatch(/no bus$/)
})

it('acknowledged alerts are no longer counted as new', () => {
  const counts = { pending: 0, worst: 'firing' } as const
  expect(unseen({ ...counts, firing: 3, acknowledged: 0 })).toEqual({ count: 3, quiet: false, title: '3 firing' })
  expect(unseen({ ...counts, firing: 3, acknowledged: 2 })).toMatchObject({ count: 1, quiet: false })
  expect(unseen({ ...counts, firing: 3, acknowledged: 3 })).toEqual({
    count: 3,
    quiet: true,
    title: '3 firing, 3 acknowledged',
  })
})
