// Generated from the Rust types of the same name.
/**
 * A check that connects to Redis and sends PING.
 */
export type RedisCheck = { 
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
