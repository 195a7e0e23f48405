// Generated from the Rust types of the same name.
import type { Comparison } from "./Comparison";

/**
 * A comparison with the unit of its figures.
 */
export type CompareResponse = { 
/**
 * Unit of the values, may be empty.
 */
unit: string, 
/**
 * The comparison.
 */
comparison: Comparison, };
