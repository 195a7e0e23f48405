/** A state as marks show it. */
export type State = 'healthy' | 'degraded' | 'unhealthy' | 'unknown'
