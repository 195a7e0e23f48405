/** Returns the address for senders on this machine from the address of a listener. */
export function reachable(address: string, scheme = 'http'): string {
  const port = /:(\d+)$/.exec(address)?.[1] ?? ''
  const host = address.slice(0, -port.length - 1)
  const open = host === '0.0.0.0' || host === '[::]' || host === ''
  return `${scheme}://${open ? '127.0.0.1' : host}${port ? `:${port}` : ''}`
}

export type Language = 'environment' | 'python' | 'node' | 'rust' | 'collector'

export const LANGUAGES: { value: Language; label: string }[] = [
  { value: 'environment', label: 'Any' },
  { value: 'python', label: 'Python' },
  { value: 'node', label: 'Node.js' },
  { value: 'rust', label: 'Rust' },
  { value: 'collector', label: 'Collector' },
]

const variables = (endpoint: string, protocol: string, service: string) =>
  [
    `export OTEL_SERVICE_NAME=${service}`,
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}`,
    `export OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}`,
    'export OTEL_METRICS_EXPORTER=otlp OTEL_LOGS_EXPORTER=otlp OTEL_TRACES_EXPORTER=otlp',
  ].join('\n')

/** Returns the OpenTelemetry settings of a program. */
export function otlpText(language: Language, endpoint: string, protocol: 'grpc' | 'http'): string {
  const wire = protocol === 'grpc' ? 'grpc' : 'http/protobuf'
  const environment = variables(endpoint, wire, 'my-service')
  switch (language) {
    case 'environment':
      return environment
    case 'python':
      return `pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap --action=install\n\n${environment}\nopentelemetry-instrument python app.py`
    case 'node':
      return `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node\n\n${environment}\nexport NODE_OPTIONS="--require @opentelemetry/auto-instrumentations-node/register"\nnode app.js`
    case 'rust': {
      const [feature, builder] = protocol === 'grpc' ? ['grpc-tonic', 'with_tonic'] : ['http-proto', 'with_http']
      return `// cargo add opentelemetry opentelemetry_sdk\n// cargo add opentelemetry-otlp --features ${feature}\n// The exporter reads OTEL_EXPORTER_OTLP_ENDPOINT=${endpoint}\nlet exporter = opentelemetry_otlp::SpanExporter::builder().${builder}().build()?;\nlet provider = opentelemetry_sdk::trace::SdkTracerProvider::builder()\n    .with_batch_exporter(exporter)\n    .build();\nopentelemetry::global::set_tracer_provider(provider);`
    }
    case 'collector': {
      const exporter = protocol === 'grpc' ? 'otlp/binnacle' : 'otlphttp/binnacle'
      const target =
        protocol === 'grpc'
          ? `    endpoint: ${endpoint.replace(/^https?:\/\//, '')}\n    tls: { insecure: true }`
          : `    endpoint: ${endpoint}`
      const pipelines = ['metrics', 'logs', 'traces'].map(
        (signal) => `    ${signal}: { receivers: [otlp], exporters: [${exporter}] }`,
      )
      return `exporters:\n  ${exporter}:\n${target}\n\nservice:\n  pipelines:\n${pipelines.join('\n')}`
    }
  }
}
