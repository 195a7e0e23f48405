// Generated from the Rust types of the same name.
/**
 * Text for a file of somebody else's program.
 */
export type PresetSnippet = { 
/**
 * What it does.
 */
title: string, 
/**
 * The file it belongs into.
 */
file: string, 
/**
 * The text.
 */
text: string, };
