/** The state of a thing, as marks show it. */
export type State = 'healthy' | 'degraded' | 'unhealthy' | 'unknown'
