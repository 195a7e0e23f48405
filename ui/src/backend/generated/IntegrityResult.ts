// Generated from the Rust types of the same name.
/**
 * What was found out about a part.
 */
export type IntegrityResult = { 
/**
 * The part.
 */
name: string, 
/**
 * What is wrong with it; none if nothing is.
 */
fault: string | null, 
/**
 * Where it was moved to, if it was taken out.
 */
moved_to: string | null, 
/**
 * Files of minutes and hours that were made anew from the points: in place of this one, or beside it.
 */
rebuilt: number, };
