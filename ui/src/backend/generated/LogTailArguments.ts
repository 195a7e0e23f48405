// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";

/**
 * The log records of a tail.
 */
export type LogTailArguments = { 
/**
 * The search expression. Empty matches all.
 */
query: string, 
/**
 * The filters at the top of the console.
 */
matchers: Array<TagMatcher>, };
