import { reachable } from './sources'

/** A text to copy with the name of its sender. */
export interface Snippet {
  value: string
  label: string
  text: string
}

/** Returns the configurations of senders of remote write, which send the token with `token`. */
export function remoteWriteSnippets(endpoint: string, token = false): Snippet[] {
  const url = `${endpoint}/api/v1/write`
  const file = '/etc/binnacle/token'
  return [
    {
      value: 'prometheus',
      label: 'Prometheus',
      text: `# prometheus.yml\nremote_write:\n  - url: ${url}${
        token
          ? `\n    authorization: { credentials_file: ${file} }\n    tls_config: { ca_file: /etc/binnacle/ca.pem }`
          : ''
      }`,
    },
    {
      value: 'alloy',
      label: 'Alloy',
      text: `prometheus.remote_write "binnacle" {\n  endpoint {\n    url = "${url}"${
        token
          ? `\n    bearer_token_file = "${file}"\n    tls_config {\n      ca_file = "/etc/binnacle/ca.pem"\n    }`
          : ''
      }\n  }\n}`,
    },
    {
      value: 'vmagent',
      label: 'vmagent',
      text: `vmagent -promscrape.config=prometheus.yml -remoteWrite.url=${url}${
        token ? ` -remoteWrite.bearerTokenFile=${file} -remoteWrite.tlsCAFile=/etc/binnacle/ca.pem` : ''
      }`,
    },
    {
      value: 'collector',
      label: 'Collector',
      text: `exporters:\n  prometheusremotewrite/binnacle:\n    endpoint: ${url}${
        token
          ? '\n    tls: { ca_file: /etc/binnacle/ca.pem }\n    headers: { authorization: "Bearer ${env:BINNACLE_TOKEN}" }'
          : ''
      }\n\nservice:\n  pipelines:\n    metrics: { receivers: [otlp], exporters: [prometheusremotewrite/binnacle] }`,
    },
  ]
}

/** Returns the snippets of StatsD and DogStatsD senders, over UDP or a Unix socket. */
export function statsdSnippets(address: string, socket: string): Snippet[] {
  const plain = reachable(address, '').replace('://', '')
  const [host, port] = [plain.replace(/:\d+$/, ''), /:(\d+)$/.exec(plain)?.[1] ?? '']
  const snippets = address
    ? [
        {
          value: 'any',
          label: 'Any',
          text: `export STATSD_HOST=${host} STATSD_PORT=${port}\n# from bash, to try it\necho 'shop.orders:1|c|#room:lab' > /dev/udp/${host}/${port}`,
        },
        {
          value: 'datadog',
          label: 'DogStatsD',
          text: `export DD_AGENT_HOST=${host} DD_DOGSTATSD_PORT=${port}`,
        },
        {
          value: 'python',
          label: 'Python',
          text: `# pip install datadog\nfrom datadog import initialize, statsd\n\ninitialize(statsd_host="${host}", statsd_port=${port})\nstatsd.increment("shop.orders", tags=["room:lab"])`,
        },
        {
          value: 'node',
          label: 'Node.js',
          text: `// npm install hot-shots\nconst StatsD = require('hot-shots')\nconst statsd = new StatsD({ host: '${host}', port: ${port} })\nstatsd.increment('shop.orders', ['room:lab'])`,
        },
      ]
    : []
  return socket
    ? [...snippets, { value: 'socket', label: 'Socket', text: `export DD_DOGSTATSD_SOCKET=${socket}` }]
    : snippets
}
