// Generated from the Rust types of the same name.
/**
 * A check that requests a web address.
 *
 * With a user in the address the secret is the password of basic authentication. Otherwise it is a
 * bearer token.
 */
export type HttpCheck = { 
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
 * A certificate chain with fewer days left than this is degraded.
 */
certificate_days: number | null, 
/**
 * A file with the trusted authorities in PEM; none for those of the system.
 */
ca_file: string | null, 
/**
 * Whether a certificate that is its own issuer is accepted. Name and dates are verified still.
 */
accept_self_signed: boolean, 
/**
 * A file with the certificate that is shown to the server, in PEM.
 */
client_certificate_file: string | null, 
/**
 * A file with its key, which only its owner can read; none if it is in the same file.
 */
client_key_file: string | null, };
