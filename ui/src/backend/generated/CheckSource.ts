// Generated from the Rust types of the same name.
/**
 * Settings of a rule on health checks.
 */
export type CheckSource = { 
/**
 * The check; every check if none.
 */
check_id: string | null, };
