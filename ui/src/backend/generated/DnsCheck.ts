// Generated from the Rust types of the same name.
import type { DnsMatching } from "./DnsMatching";
import type { DnsRecord } from "./DnsRecord";

/**
 * A check that looks a name up in the DNS.
 */
export type DnsCheck = { 
/**
 * The name. For PTR also an address.
 */
name: string, 
/**
 * The type of the records.
 */
record: DnsRecord, 
/**
 * Values that the answer must have; empty accepts any record. A value is written as in a zone
 * file. For MX and SRV the host alone is enough.
 */
expected: Array<string>, 
/**
 * The number of expected values that the answer must have.
 */
matching: DnsMatching, 
/**
 * The resolver as an address with an optional port; none for that of the system.
 */
resolver: string | null, };
