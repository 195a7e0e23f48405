// Generated from the Rust types of the same name.
/**
 * A point in time: nanoseconds since the Unix epoch, UTC. A JavaScript number holds it to 256 ns.
 */
export type Timestamp = number;
