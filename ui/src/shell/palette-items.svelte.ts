import { call } from '@/backend'
import { testOutcome } from '@/domain/alert'
import { filters } from '@/state/filters.svelte'
import { useResource } from '@/state/query.svelte'
import { range } from '@/state/range.svelte'
import { route } from '@/state/route.svelte'
import { status } from '@/state/status.svelte'
import { theme } from '@/state/theme.svelte'
import { toasts } from '@/kit/toast.svelte'
import type { PaletteItem } from './palette'
import { VIEWS } from './navigation'

async function attempt(what: string, done: string, action: () => Promise<unknown>) {
  try {
    await action()
    toasts.show(done)
  } catch (thrown) {
    toasts.fail(thrown, what)
  }
}

function actions(): PaletteItem[] {
  const paused = status.current?.paused ?? false
  const list: [string, string, () => void, string?][] = [
    ['new-rule', 'New alert rule', () => route.go('alerts/rules/new')],
    ['new-check', 'New health check', () => route.go('health/new')],
    ['report', 'New performance report', () => route.go('reports')],
    ['errors', 'Errors in the logs', () => route.go('logs', { q: 'severity>=error' })],
    ['failed', 'Failed traces', () => route.go('traces', { errors: 1 })],
    ['slow', 'Slowest traces', () => route.go('traces', { order: 'slowest' })],
    ['live', range.live ? 'Pause live data' : 'Resume live data', () => range.toggleLive(), '.'],
    ['clear', 'Remove all filters', () => filters.clear()],
    [
      'pause',
      paused ? 'Resume collecting' : 'Pause collecting',
      () =>
        void attempt(
          paused ? 'Could not resume collecting' : 'Could not pause collecting',
          paused ? 'Collecting resumed' : 'Collecting paused',
          () => call('pause', { paused: !paused }),
        ),
    ],
    [
      'mute',
      status.current?.muted_until ? 'Unmute notifications' : 'Mute notifications for 1 h',
      () =>
        void attempt(
          'Could not change the muting',
          status.current?.muted_until ? 'Notifications unmuted' : 'Notifications muted for 1 h',
          () => call('mute', { minutes: status.current?.muted_until ? null : 60 }),
        ),
    ],
    [
      'test-notification',
      'Send test notification',
      () =>
        void call('test_notification', {}).then(
          (sent) => toasts.show(testOutcome(sent).words, testOutcome(sent).state),
          (thrown) => toasts.fail(thrown, 'Could not send the test notification'),
        ),
    ],
    ['dark', 'Theme: dark', () => theme.set('dark')],
    ['light', 'Theme: light', () => theme.set('light')],
    ['system', 'Theme: system', () => theme.set('system')],
  ]
  return list.map(([id, label, run, keys]) => ({ id: `action-${id}`, label, run, keys, group: 'Actions' }))
}

/** Returns the items of the palette. Requests the engine only while `open`. */
export function usePaletteItems(open: () => boolean): { readonly items: PaletteItem[]; readonly loading: boolean } {
  const found = useResource((signal) => (open() ? everything(signal) : null))

  async function everything(signal: AbortSignal): Promise<PaletteItem[]> {
    const request = { range: range.request(), matchers: [] }
    const settled = await Promise.allSettled([
      call('services', { ...request, spark_points: 1 }, signal),
      call('metric_catalog', { search: '', matchers: [], limit: 1000 }, signal),
      call('checks', { range: request.range, buckets: 1 }, signal),
      call('rules', {}, signal),
    ])
    const [services, metrics, checks, rules] = settled
    const items: PaletteItem[] = []
    if (services.status === 'fulfilled')
      for (const { service } of services.value)
        items.push({
          id: `service-${service}`,
          label: service,
          group: 'Services',
          run: () => route.go(['services', service]),
        })
    if (metrics.status === 'fulfilled')
      for (const { name, description } of metrics.value)
        items.push({
          id: `metric-${name}`,
          label: name,
          detail: description,
          group: 'Metrics',
          run: () => route.go('metrics', { metric: name }),
        })
    if (checks.status === 'fulfilled')
      for (const { check, target } of checks.value)
        items.push({
          id: `check-${check.id}`,
          label: check.name,
          detail: target,
          group: 'Checks',
          run: () => route.go(['health', check.id]),
        })
    if (rules.status === 'fulfilled')
      for (const { rule, description } of rules.value)
        items.push({
          id: `rule-${rule.id}`,
          label: rule.name,
          detail: description,
          group: 'Rules',
          run: () => route.go(['alerts', 'rules', rule.id]),
        })
    return items
  }
  const items = (): PaletteItem[] => [
    ...VIEWS.map(({ name, label, key }): PaletteItem => ({
      id: `view-${name}`,
      label,
      group: 'Views',
      keys: `g ${key}`,
      run: () => route.go(name),
    })),
    ...actions(),
    ...(found.data ?? []),
  ]
  return {
    get items() {
      return items()
    },
    get loading() {
      return found.data === undefined && found.refreshing
    },
  }
}
