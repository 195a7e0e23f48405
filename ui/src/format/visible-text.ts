// Control characters, and marks that change the direction of text. The engine has the same function
// (`src-tauri/crates/model/src/visible_text.rs`) and shares the cases of the test.

// eslint-disable-next-line no-control-regex -- these are the characters to replace
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
// eslint-disable-next-line no-control-regex -- these are the characters to replace
const HIDDEN_IN_BLOCK = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

function picture(letter: string): string {
  const code = letter.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '\u2421'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/**
 * Returns a text for one line: control characters as their pictures (`␛`), direction marks and
 * further control characters as `<U+202E>`.
 */
export const visibleLine = (text: string): string => text.replace(HIDDEN, picture)

/** Returns a text of several lines as `visibleLine` does. Line feeds and tabs stay. */
export const visibleBlock = (text: string): string => text.replace(HIDDEN_IN_BLOCK, picture)
