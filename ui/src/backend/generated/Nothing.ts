// Generated from the Rust types of the same name.
/**
 * A command without arguments.
 */
export type Nothing = Record<symbol, never>;
