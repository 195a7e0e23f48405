import { command, Engine, fill, type EngineAddress } from './engine'

const NEVER_LONG = { timeout_seconds: 2, retries: 0, retry_interval_seconds: 1 }

const check = (name: string, kind: object, service: string | null = null) => ({
  check: {
    id: '',
    name,
    enabled: true,
    kind,
    interval_seconds: 5,
    ...NEVER_LONG,
    degraded_above_ms: null,
    service,
  },
  secret: null,
})

/** A healthy address, a healthy port, a closed port, and a rule that fires at once. */
async function saveRule(address: EngineAddress): Promise<void> {
  const [host = '', port = ''] = address.http.split(':')
  const page = {
    type: 'http',
    url: `http://${address.http}/`,
    method: 'GET',
    expected_status: [],
    body_contains: null,
    certificate_days: null,
    ca_file: null,
    accept_self_signed: false,
    client_certificate_file: null,
    client_key_file: null,
  }
  await command(address, 'save_check', check('console page', page))
  await command(address, 'save_check', check('console port', { type: 'tcp', host, port: Number(port) }))
  await command(address, 'save_check', check('closed port', { type: 'tcp', host, port: 1 }, 'checkout'))
  const rule = {
    id: '',
    name: 'Machine is on',
    enabled: true,
    severity: 'warning',
    source: {
      type: 'metric',
      metric: 'system.memory.utilization',
      matchers: [],
      aggregation: 'maximum',
      group_by: [],
      window_seconds: 60,
    },
    comparator: 'above',
    threshold: 0.0001,
    resolve_threshold: null,
    for_seconds: 0,
    interval_seconds: 1,
    no_data: 'keep_state',
    notify: true,
  }
  await command(address, 'save_rule', { rule })
}

/** Starts one engine with the data of the shop for all tests that only read. */
export default async function setup(): Promise<() => Promise<void>> {
  const engine = await Engine.start('[alerts]\ndesktop_notifications = false\n')
  try {
    await saveRule(engine.address)
    await fill(engine.address)
  } catch (thrown) {
    await engine.stop()
    throw thrown
  }
  process.env.BINNACLE_E2E = JSON.stringify(engine.address)
  return () => engine.stop()
}
