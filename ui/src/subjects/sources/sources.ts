import type { ListenerStatus } from '@/backend'

/** Returns the address for senders on this machine from the address of a listener. */
export function reachable(address: string, scheme = 'http'): string {
  const port = /:(\d+)$/.exec(address)?.[1] ?? ''
  const host = address.slice(0, -port.length - 1)
  const open = host === '0.0.0.0' || host === '[::]' || host === ''
  return `${scheme}://${open ? '127.0.0.1' : host}${port ? `:${port}` : ''}`
}

/** Returns true if senders to a listener need TLS and the token. */
export const needsToken = ({ access }: Pick<ListenerStatus, 'access'>): boolean =>
  access === 'protected' || access === 'refused'

/** Returns the address for senders to a listener. They are elsewhere if it is protected. */
export function endpointOf({ address, access }: Pick<ListenerStatus, 'access' | 'address'>, host: string): string {
  if (!needsToken({ access })) return reachable(address)
  return `https://${address.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, host)}`
}

export type Language = 'environment' | 'python' | 'node' | 'rust' | 'collector'

export const LANGUAGES: { value: Language; label: string }[] = [
  { value: 'environment', label: 'Any' },
  { value: 'python', label: 'Python' },
  { value: 'node', label: 'Node.js' },
  { value: 'rust', label: 'Rust' },
  { value: 'collector', label: 'Collector' },
]

const TOKEN_HINT = '# BINNACLE_TOKEN is the text of listen.token_file, ca.pem the authority of the certificate'

const variables = (endpoint: string, protocol: string, service: string, token: boolean) =>
  [
    `export OTEL_SERVICE_NAME=${service}`,
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`,
    `export OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}`,
    ...(token
      ? [
          TOKEN_HINT,
          'export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20$BINNACLE_TOKEN"',
          'export OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem',
        ]
      : []),
    'export OTEL_METRICS_EXPORTER=otlp OTEL_LOGS_EXPORTER=otlp OTEL_TRACES_EXPORTER=otlp',
  ].join('\n')

/** Returns the OpenTelemetry settings of a program, which sends the token with `token`. */
export function otlpText(language: Language, endpoint: string, protocol: 'grpc' | 'http', token = false): string {
  const wire = protocol === 'grpc' ? 'grpc' : 'http/protobuf'
  const environment = variables(endpoint, wire, 'my-service', token)
  switch (language) {
    case 'environment':
      return environment
    case 'python':
      return `pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap --action=install\n\n${environment}\nopentelemetry-instrument python app.py`
    case 'node':
      return `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node\n\n${environment}\nexport NODE_OPTIONS="--require @opentelemetry/auto-instrumentations-node/register"\nnode app.js`
    case 'rust': {
      const [feature, builder] = protocol === 'grpc' ? ['grpc-tonic', 'with_tonic'] : ['http-proto', 'with_http']
      return `// cargo add opentelemetry opentelemetry_sdk\n// cargo add opentelemetry-otlp --features ${feature}\n// The exporter reads OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}\n${token ? '// and OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_CERTIFICATE (see Any)\n' : ''}let exporter = opentelemetry_otlp::SpanExporter::builder().${builder}().build()?;\nlet provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()\n    .with_batch_exporter(exporter)\n    .build();\nopentelemetry::global::set_tracer_provider(provider);`
    }
    case 'collector': {
      const exporter = protocol === 'grpc' ? 'otlp/binnacle' : 'otlphttp/binnacle'
      const target =
        protocol === 'grpc' ? `    endpoint: ${endpoint.replace(/^https?:\/\//, '')}` : `    endpoint: ${endpoint}`
      const protection = token
        ? `\n    tls: { ca_file: ca.pem }\n    headers: { authorization: "Bearer \${env:BINNACLE_TOKEN}" }`
        : protocol === 'grpc'
          ? '\n    tls: { insecure: true }'
          : ''
      const pipelines = ['metrics', 'logs', 'traces'].map(
        (signal) => `    ${signal}: { receivers: [otlp], exporters: [${exporter}] }`,
      )
      return `exporters:\n  ${exporter}:\n${target}${protection}\n\nservice:\n  pipelines:\n${pipelines.join('\n')}`
    }
  }
}
