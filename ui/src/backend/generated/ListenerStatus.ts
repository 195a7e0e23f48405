// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { RecordCounts } from "./RecordCounts";
import type { Timestamp } from "./Timestamp";

/**
 * A way in that listens.
 */
export type ListenerStatus = { 
/**
 * Protocol, such as `otlp_grpc`, `remote_write` or `web`.
 */
protocol: string, 
/**
 * The address it listens on, or should.
 */
address: string, 
/**
 * How it is.
 */
state: HealthState, 
/**
 * What is wrong, such as a port that is in use, or what is worth knowing where nothing is; may be empty.
 */
message: string, 
/**
 * Records that came through it since the start.
 */
received: RecordCounts, 
/**
 * Requests refused since the start.
 */
rejected_requests: number, 
/**
 * Records left out since the start, of requests whose other records were stored.
 */
rejected_records: number, 
/**
 * When the last record came.
 */
last_received: Timestamp | null, };
