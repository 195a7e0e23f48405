// Generated from the Rust types of the same name.
/**
 * What a check looks at. Passwords are not here: they lie in the keyring under the check's id.
 */
export type CheckKind = { "type": "http", 
/**
 * The address, `http` or `https`.
 */
url: string, 
/**
 * `GET`, `HEAD` or `POST`.
 */
method: string, 
/**
 * Accepted status codes; empty accepts 200 to 399.
 */
expected_status: Array<number>, 
/**
 * Text the body must contain.
 */
body_contains: string | null, 
/**
 * A certificate with fewer days left than this is degraded.
 */
certificate_days: number | null, } | { "type": "tcp", 
/**
 * Host name or address.
 */
host: string, 
/**
 * Port.
 */
port: number, } | { "type": "postgres", 
/**
 * Host name, address or socket folder.
 */
host: string, 
/**
 * Port.
 */
port: number, 
/**
 * Database.
 */
database: string, 
/**
 * User.
 */
user: string, 
/**
 * The query; the first column of its first row is kept as a measurement if it is a number.
 */
query: string, 
/**
 * Whether the connection must be encrypted.
 */
tls: boolean, } | { "type": "redis", 
/**
 * Host name or address.
 */
host: string, 
/**
 * Port.
 */
port: number, 
/**
 * Database number.
 */
database: number, 
/**
 * User, for servers with access lists.
 */
user: string | null, 
/**
 * Whether the connection must be encrypted.
 */
tls: boolean, };
