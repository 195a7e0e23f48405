// Generated from the Rust types of the same name.
/**
 * A type of DNS record.
 */
export type DnsRecord = "A" | "AAAA" | "CNAME" | "MX" | "TXT" | "NS" | "SRV" | "CAA" | "PTR" | "SOA";
