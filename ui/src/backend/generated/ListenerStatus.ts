// Generated from the Rust types of the same name.
import type { HealthState } from "./HealthState";
import type { ListenerAccess } from "./ListenerAccess";
import type { RecordCounts } from "./RecordCounts";
import type { Timestamp } from "./Timestamp";

/**
 * The status of a receiver.
 */
export type ListenerStatus = { 
/**
 * Protocol, such as `otlp_grpc`, `remote_write` or `web`.
 */
protocol: string, 
/**
 * Configured address.
 */
address: string, 
/**
 * State.
 */
state: HealthState, 
/**
 * Problem, such as a port that is in use, or a remark on a healthy receiver. May be empty.
 */
message: string, 
/**
 * Who reaches it, and what it requires of them.
 */
access: ListenerAccess, 
/**
 * Records received since the start.
 */
received: RecordCounts, 
/**
 * Requests rejected since the start.
 */
rejected_requests: number, 
/**
 * Requests of these, or lines of StatsD, that were rejected because all receivers together
 * held as much as the memory budget allows.
 */
over_budget: number, 
/**
 * Records rejected since the start, of requests whose other records were stored.
 */
rejected_records: number, 
/**
 * Time of the last record.
 */
last_received: Timestamp | null, };
