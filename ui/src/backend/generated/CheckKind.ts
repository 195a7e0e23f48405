// Generated from the Rust types of the same name.
import type { DnsCheck } from "./DnsCheck";
import type { HttpCheck } from "./HttpCheck";
import type { PostgresCheck } from "./PostgresCheck";
import type { RedisCheck } from "./RedisCheck";
import type { TcpCheck } from "./TcpCheck";
import type { TlsCheck } from "./TlsCheck";

/**
 * The settings of a check of any kind.
 */
export type CheckKind = { "type": "http" } & HttpCheck | { "type": "tcp" } & TcpCheck | { "type": "postgres" } & PostgresCheck | { "type": "redis" } & RedisCheck | { "type": "tls" } & TlsCheck | { "type": "dns" } & DnsCheck;
