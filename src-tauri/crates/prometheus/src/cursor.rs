//! A position in a text that is read token by token, as the lexers of Prometheus do.

use crate::exposition::{ExpositionError, excerpt};

/// A position in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    position: usize,
    /// Line of the position, from 1.
    pub(crate) line: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, position: 0, line: 1 }
    }

    /// Returns the next byte without taking it.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    /// Returns whether nothing is left.
    pub(crate) fn is_at_end(&self) -> bool {
        self.position >= self.text.len()
    }

    /// Takes `expected` if it comes next.
    pub(crate) fn eat(&mut self, expected: &str) -> bool {
        let is_next = self.text[self.position..].starts_with(expected.as_bytes());
        if is_next {
            self.take(expected.len());
        }
        is_next
    }

    /// Takes bytes as long as they match.
    pub(crate) fn take_while(&mut self, matches: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.position..];
        let length = rest.iter().position(|byte| !matches(*byte)).unwrap_or(rest.len());
        self.take(length)
    }

    /// Takes the rest of the line, without its end.
    pub(crate) fn take_line(&mut self) -> &'a [u8] {
        self.take_while(|byte| byte != b'\n')
    }

    /// Takes blanks and tabs. Returns whether there was one.
    pub(crate) fn skip_blanks(&mut self) -> bool {
        !self.take_while(|byte| matches!(byte, b' ' | b'\t')).is_empty()
    }

    /// Takes a name that begins with a letter or an underscore; `also` holds more such bytes.
    pub(crate) fn take_name(&mut self, also: &[u8]) -> Option<String> {
        let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || also.contains(&byte);
        if !self.peek().is_some_and(letter) {
            return None;
        }
        let name = self.take_while(|byte| letter(byte) || byte.is_ascii_digit());
        Some(name.iter().copied().map(char::from).collect())
    }

    /// Takes a text in quotes. Escapes stay as they are. Without `multiline` it ends with its line.
    pub(crate) fn take_quoted(&mut self, multiline: bool) -> Option<&'a [u8]> {
        let rest = self.text[self.position..].strip_prefix(b"\"")?;
        let mut escaped = false;
        for (index, byte) in rest.iter().enumerate() {
            match byte {
                b'\n' if escaped || !multiline => return None,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.take(index + 2);
                    return Some(&rest[..index]);
                }
                _ => {}
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let taken = &self.text[self.position..self.position + length];
        self.line += taken.iter().filter(|byte| **byte == b'\n').count();
        self.position += length;
        taken
    }

    /// Returns the text between an earlier position and this one.
    pub(crate) fn since(&self, earlier: &Self) -> &'a [u8] {
        self.text.get(earlier.position..self.position).unwrap_or_default()
    }

    /// Takes what is in braces, with both of them. Braces in quotes do not count. Returns false and
    /// takes nothing if there is no end.
    pub(crate) fn skip_braces(&mut self) -> bool {
        let rest = &self.text[self.position..];
        let (mut quoted, mut escaped) = (false, false);
        for (index, byte) in rest.iter().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'}' if !quoted => {
                    self.take(index + 1);
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// Returns an error at this position.
    pub(crate) fn error(&self, message: impl Into<String>) -> ExpositionError {
        ExpositionError { line: self.line, message: message.into() }
    }

    /// Returns what comes next on the line, for a message.
    pub(crate) fn next_text(&self) -> String {
        let mut rest = *self;
        excerpt(&String::from_utf8_lossy(rest.take_line()))
    }

    /// Returns the error of something else than what was expected.
    pub(crate) fn expected(&self, what: &str) -> ExpositionError {
        self.error(format!("expected {what}, found {}", self.next_text()))
    }
}
