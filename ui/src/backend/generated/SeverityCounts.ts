// Generated from the Rust types of the same name.
/**
 * The counts of one severity.
 */
export type SeverityCounts = { 
/**
 * Name of the severity range.
 */
severity: string, 
/**
 * One count per step.
 */
counts: Array<number>, };
