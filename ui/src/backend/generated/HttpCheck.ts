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
 * A certificate with fewer days left than this is degraded.
 */
certificate_days: number | null, };
