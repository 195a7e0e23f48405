import { call, type Alert, type Silence } from '@/backend'
import { toasts } from '@/kit/toast.svelte'
import { clock } from '@/state/clock.svelte'

const HOUR = 3600e9
/** Longest silence until an alert is resolved, in nanoseconds. */
const LONGEST = 30 * 24 * HOUR

/** A choice of how long an alert is silenced. */
export interface SilenceChoice {
  /** Words after "silenced". */
  label: string
  /** Nanoseconds. */
  duration: number
  untilResolved: boolean
}

export const HOUR_SILENCE: SilenceChoice = { label: 'for 1 h', duration: HOUR, untilResolved: false }

export const SILENCES: readonly SilenceChoice[] = [
  { label: 'for 15 min', duration: HOUR / 4, untilResolved: false },
  HOUR_SILENCE,
  { label: 'for 8 h', duration: 8 * HOUR, untilResolved: false },
  { label: 'until resolved', duration: LONGEST, untilResolved: true },
]

/** Returns the silence of one alert from `start` on, in nanoseconds since the epoch. */
const silenceOf = (alert: Alert, choice: SilenceChoice, start: number): Silence => ({
  id: '',
  rule_id: alert.rule_id,
  labels: alert.labels,
  range: { start, end: start + choice.duration },
  reason: `Silenced ${choice.label}`,
  until_resolved: choice.untilResolved,
})

/** Acknowledges an alert or takes it back, and offers to undo it. */
export async function acknowledge(alert: Alert, acknowledged: boolean, changed: () => void): Promise<void> {
  const set = (to: boolean) =>
    call('acknowledge_alert', { fingerprint: alert.fingerprint, acknowledged: to }).then(changed)
  const failed = (thrown: unknown) =>
    toasts.fail(thrown, `Could not ${acknowledged ? 'acknowledge the alert' : 'take the acknowledgement back'}`)
  try {
    await set(acknowledged)
    toasts.show(`${alert.rule_name} ${acknowledged ? 'acknowledged' : 'no longer acknowledged'}`, 'healthy', {
      label: 'Undo',
      run: () => void set(!acknowledged).catch(failed),
    })
  } catch (thrown) {
    failed(thrown)
  }
}

/** Silences an alert from the time that the console shows, and offers to undo it. */
export async function silence(alert: Alert, choice: SilenceChoice, changed: () => void): Promise<void> {
  try {
    const saved = await call('save_silence', { silence: silenceOf(alert, choice, clock.now * 1e6) })
    changed()
    const undo = () =>
      void call('delete_silence', { id: saved.id }).then(changed, (thrown) =>
        toasts.fail(thrown, 'Could not end the silence'),
      )
    toasts.show(`${alert.rule_name} silenced ${choice.label}`, 'healthy', { label: 'Undo', run: undo })
  } catch (thrown) {
    toasts.fail(thrown, 'Could not silence the alert')
  }
}

/** Returns whether a silence covers an alert at a time in milliseconds. */
export const isSilenced = (alert: Alert, silences: readonly Silence[], now: number): boolean =>
  silences.some(
    ({ rule_id, labels, range }) =>
      (rule_id === null || rule_id === alert.rule_id) &&
      Object.entries(labels).every(([key, value]) => alert.labels[key] === value) &&
      range.start <= now * 1e6 &&
      now * 1e6 < range.end,
  )
