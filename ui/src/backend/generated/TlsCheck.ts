// Generated from the Rust types of the same name.
/**
 * A check of the certificate chain that a TLS server sends.
 */
export type TlsCheck = { 
/**
 * Host name or address.
 */
host: string, 
/**
 * Port.
 */
port: number, 
/**
 * The name that the certificate must be for; none for the host.
 */
server_name: string | null, 
/**
 * A file with the trusted authorities in PEM; none for those of the system.
 */
ca_file: string | null, 
/**
 * Whether a certificate that is its own issuer is accepted. Name and dates are verified still.
 */
accept_self_signed: boolean, 
/**
 * A chain with fewer days left than this is degraded.
 */
degraded_below_days: number | null, 
/**
 * A chain with fewer days left than this is unhealthy.
 */
unhealthy_below_days: number | null, };
