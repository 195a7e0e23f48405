// Generated from the Rust types of the same name.
/**
 * A file or table of the stored data.
 */
export type IntegrityArguments = { 
/**
 * Its name, as in `integrity_targets`.
 */
name: string, };
