//! Text from outside with its control and direction characters made visible.
//!
//! Such characters can reorder a line on the screen or control a terminal. The console has the same
//! function (`ui/src/format/visible-text.ts`) and shares the cases of the test.

use std::borrow::Cow;

/// Returns a text for one line: control characters as their pictures (`␛`), direction marks and
/// further control characters as `<U+202E>`.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    visible(text, is_hidden)
}

/// Returns a text of several lines as [`visible_line`] does. Line feeds and tabs stay.
pub fn visible_block(text: &str) -> Cow<'_, str> {
    visible(text, |letter| is_hidden(letter) && !matches!(letter, '\n' | '\t'))
}

/// Returns true for control characters and for marks that change the direction of text.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn visible(text: &str, is_replaced: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_replaced) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            letter if !is_replaced(letter) => shown.push(letter),
            // The pictures of the first 32 control characters follow one another.
            '\0'..='\x1f' => shown.extend(char::from_u32(0x2400 + u32::from(letter))),
            '\x7f' => shown.push('\u{2421}'),
            letter => shown.push_str(&format!("<U+{:04X}>", u32::from(letter))),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        let cases = include_str!("../../../../tests/fixtures/visible_text.json");
        let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
        assert!(cases.len() > 10);
        for case in cases {
            let [text, line, block] = ["text", "line", "block"].map(|key| case[key].as_str().unwrap());
            assert_eq!(visible_line(text), line);
            assert_eq!(visible_block(text), block);
            assert!(!line.contains(is_hidden) && visible_line(line) == line);
        }
    }
}
