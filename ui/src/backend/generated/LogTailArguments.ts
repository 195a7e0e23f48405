// Generated from the Rust types of the same name.
import type { TagMatcher } from "./TagMatcher";

/**
 * Which new log records to be told of.
 */
export type LogTailArguments = { 
/**
 * The search as typed; empty for all.
 */
query: string, 
/**
 * The filters at the top of the console.
 */
matchers: Array<TagMatcher>, };
