// Generated from the Rust types of the same name.
/**
 * One alert, acknowledged or not.
 */
export type AcknowledgeArguments = { 
/**
 * The alert.
 */
fingerprint: string, 
/**
 * False takes an acknowledgement back.
 */
acknowledged: boolean, };
