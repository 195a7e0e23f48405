// Generated from the Rust types of the same name.
import type { ErrorCode } from "./ErrorCode";

/**
 * A failed command: a code for the console and a message for the user.
 */
export type ApiError = { 
/**
 * The kind of the error.
 */
code: ErrorCode, 
/**
 * The message.
 */
message: string, };
