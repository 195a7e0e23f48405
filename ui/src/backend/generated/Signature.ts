// Generated from the Rust types of the same name.
/**
 * What the console sends and gets for one command.
 */
export type Signature<Arguments, Answer> = { arguments: Arguments, reply: Answer, };
