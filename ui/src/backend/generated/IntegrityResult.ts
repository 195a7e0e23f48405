// Generated from the Rust types of the same name.
/**
 * The result of a verification.
 */
export type IntegrityResult = { 
/**
 * Name of the verified file or table.
 */
name: string, 
/**
 * Fault. None if it is intact.
 */
fault: string | null, 
/**
 * Path in the quarantine, if it was moved there.
 */
moved_to: string | null, 
/**
 * Number of roll-up files that were rebuilt from the points.
 */
rebuilt: number, 
/**
 * Points of a damaged file that could not be saved. None if nothing was repaired.
 */
lost_points: number | null, };
