// Generated from the Rust types of the same name.
/**
 * The arguments and the reply of one command.
 */
export type Signature<Arguments, Value> = { arguments: Arguments, reply: Value, };
