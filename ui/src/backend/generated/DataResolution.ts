// Generated from the Rust types of the same name.
/**
 * How fine data are. Logs and spans are always points.
 */
export type DataResolution = "points" | "minutes" | "hours";
