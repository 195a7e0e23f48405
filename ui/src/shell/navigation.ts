/** A view in the sidebar: its name in the address, its label and the key after `g`. */
export interface ViewEntry {
  name: string
  label: string
  key: string
}

export const MAIN_VIEWS: readonly ViewEntry[] = [
  { name: 'overview', label: 'Overview', key: 'o' },
  { name: 'services', label: 'Services', key: 's' },
  { name: 'metrics', label: 'Metrics', key: 'm' },
  { name: 'logs', label: 'Logs', key: 'l' },
  { name: 'traces', label: 'Traces', key: 't' },
  { name: 'health', label: 'Health', key: 'h' },
  { name: 'alerts', label: 'Alerts', key: 'a' },
  { name: 'analysis', label: 'Analysis', key: 'n' },
  { name: 'reports', label: 'Reports', key: 'r' },
]

export const FOOT_VIEWS: readonly ViewEntry[] = [
  { name: 'connect', label: 'Connect', key: 'c' },
  { name: 'settings', label: 'Settings', key: 'e' },
]

export const VIEWS: readonly ViewEntry[] = [...MAIN_VIEWS, ...FOOT_VIEWS]
