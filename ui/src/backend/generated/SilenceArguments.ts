// Generated from the Rust types of the same name.
import type { Silence } from "./Silence";

/**
 * A silence to save.
 */
export type SilenceArguments = { 
/**
 * The silence. An empty id creates a new one.
 */
silence: Silence, };
