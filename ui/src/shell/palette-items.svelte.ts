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
    toasts.say(done)
  } catch (thrown) {
    toasts.fail(thrown, what)
  }
}

function actions(): PaletteItem[] {
  const paused = status.current?.paused ?? false
  const list: [string, string, () => void, string?][] = [
    ['new-rule', 'New alert rule', () => route.go('alerts/rules/new')],
    ['new-check', 'New health check', () => route.go('health/new')],
    ['report', 'Make a performance report', () => route.go('reports')],
    ['errors', 'Errors in the logs', () => route.go('logs', { q: 'severity>=error' })],
    ['failed', 'Failed traces', () => route.go('traces', { errors: 1 })],
    ['slow', 'Slowest traces', () => route.go('traces', { order: 'slowest' })],
    ['live', range.live ? 'Hold still' : 'Follow new data', () => range.toggleLive(), '.'],
    ['clear', 'Remove all filters', () => filters.clear()],
    [
      'pause',
      paused ? 'Resume collecting' : 'Pause collecting',
      () =>
        void attempt('Could not change collecting', paused ? 'Collecting again' : 'Collecting is paused', () =>
          call('pause', { paused: !paused }),
        ),
    ],
    [
      'mute',
      status.current?.muted_until ? 'Unmute notifications' : 'Mute notifications for 1 h',
      () =>
        void attempt('Could not mute', status.current?.muted_until ? 'Notifications are on' : 'Muted for 1 h', () =>
          call('mute', { minutes: status.current?.muted_until ? null : 60 }),
        ),
    ],
    [
      'test-notification',
      'Test notification',
      () =>
        void call('test_notification', {}).then(
          (sent) => toasts.say(testOutcome(sent).words, testOutcome(sent).state),
          (thrown) => toasts.fail(thrown, 'Could not notify'),
        ),
    ],
    ['dark', 'Dark look', () => theme.set('dark')],
    ['light', 'Light look', () => theme.set('light')],
    ['system', 'Look as the system has it', () => theme.set('system')],
  ]
  return list.map(([id, label, run, keys]) => ({ id: `action-${id}`, label, run, keys, group: 'Actions' }))
}

/** Everything the palette finds; asks the engine only while `open`. */
export function usePaletteItems(open: () => boolean): { readonly items: PaletteItem[]; readonly looking: boolean } {
  const found = useResource((signal) => (open() ? everything(signal) : null))

  async function everything(signal: AbortSignal): Promise<PaletteItem[]> {
    const asked = { range: range.request(), matchers: [] }
    const settled = await Promise.allSettled([
      call('services', { ...asked, spark_points: 1 }, signal),
      call('metric_catalog', { search: '', matchers: [], limit: 1000 }, signal),
      call('checks', { range: asked.range, cells: 1 }, signal),
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
      for (const { rule, sentence } of rules.value)
        items.push({
          id: `rule-${rule.id}`,
          label: rule.name,
          detail: sentence,
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
    get looking() {
      return found.data === undefined && found.refreshing
    },
  }
}
