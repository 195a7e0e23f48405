// Generated from the Rust types of the same name.
/**
 * A text for a configuration file of another program.
 */
export type PresetSnippet = { 
/**
 * Purpose.
 */
title: string, 
/**
 * File.
 */
file: string, 
/**
 * The text.
 */
text: string, };
