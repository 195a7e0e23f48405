// The forms of all kinds of checks, one line each. The name is that of the saved kind.
export * as http from './Http.svelte'
export * as tcp from './Tcp.svelte'
export * as postgres from './Postgres.svelte'
export * as redis from './Redis.svelte'
export * as tls from './Tls.svelte'
export * as dns from './Dns.svelte'
