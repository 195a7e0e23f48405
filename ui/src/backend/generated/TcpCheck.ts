// Generated from the Rust types of the same name.
/**
 * A check that opens a TCP connection.
 */
export type TcpCheck = { 
/**
 * Host name or address.
 */
host: string, 
/**
 * Port.
 */
port: number, };
