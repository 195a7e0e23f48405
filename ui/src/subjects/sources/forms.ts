/** The sources that are added with an address and, most of them, a name. */
import { followLog, readPrometheus, runCommand, scrape } from './add'

export interface SourceForm {
  title: string
  text: string
  address: { label: string; placeholder: string }
  /** Field of the name; omitted for sources without one. */
  name?: { label: string; placeholder: string }
  /** Prefixes of the names of its components. */
  components: readonly string[]
  add: (address: string, name: string) => Promise<unknown>
}

export const SOURCE_FORMS: readonly SourceForm[] = [
  {
    title: 'Prometheus metrics',
    text: 'A Prometheus /metrics endpoint, scraped every 15 s.',
    address: { label: 'Address', placeholder: 'http://127.0.0.1:9100/metrics' },
    name: { label: 'Job', placeholder: 'node' },
    components: ['scrape'],
    add: scrape,
  },
  {
    title: 'Prometheus configuration',
    text: 'Scrapes the targets of a prometheus.yml with its settings. Changes of the file apply at once.',
    address: { label: 'Path', placeholder: '/etc/prometheus/prometheus.yml' },
    components: ['prometheus'],
    add: readPrometheus,
  },
  {
    title: 'Log files',
    text: 'A file, or several with *, read from its end on.',
    address: { label: 'Path', placeholder: '/var/log/nginx/access*.log' },
    name: { label: 'Service', placeholder: 'nginx' },
    components: ['log file', 'tail'],
    add: followLog,
  },
  {
    title: 'Command',
    text: 'Runs every minute, without a shell, and prints metrics in the Prometheus text format.',
    address: { label: 'Command', placeholder: '/usr/local/bin/backup-metrics --all' },
    name: { label: 'Name', placeholder: 'backup' },
    components: ['command'],
    add: runCommand,
  },
]
