// Generated from the Rust types of the same name.
/**
 * One tag with its commonest values.
 */
export type TagSummary = { 
/**
 * Key.
 */
key: string, 
/**
 * Number of different values.
 */
count: number, 
/**
 * The commonest, at most 100.
 */
values: Array<string>, };
