// Generated from the Rust types of the same name.
import type { ErrorCode } from "./ErrorCode";

/**
 * A failed command: a code for the console and a message for people.
 */
export type ApiError = { 
/**
 * What kind of failure.
 */
code: ErrorCode, 
/**
 * What and where.
 */
message: string, };
