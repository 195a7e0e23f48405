// Generated from the Rust types of the same name.
/**
 * A check that connects to PostgreSQL and runs a query.
 */
export type PostgresCheck = { 
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
 * The query. The first column of its first row is a measurement if it is a number.
 */
query: string, 
/**
 * Whether the connection must be encrypted.
 */
tls: boolean, };
