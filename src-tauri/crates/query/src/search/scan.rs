//! A scanner of the characters of a search.

use crate::QueryError;

/// A comparison as the user types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Colon,
    Equal,
    NotEqual,
    Regex,
    NotRegex,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Comparisons, the longest first, so that `>=` is not read as `>`.
const COMPARISONS: [(&str, Comparison); 10] = [
    (":~", Comparison::Regex),
    ("=~", Comparison::Regex),
    ("!~", Comparison::NotRegex),
    ("!=", Comparison::NotEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    ("<", Comparison::Less),
    ("=", Comparison::Equal),
    (":", Comparison::Colon),
];

/// A position in the text of a search.
pub(super) struct Scanner {
    characters: Vec<char>,
    at: usize,
}

impl Scanner {
    pub(super) fn new(text: &str) -> Self {
        Self { characters: text.chars().collect(), at: 0 }
    }

    /// Returns the position of the next character; the first is 1.
    pub(super) fn position(&self) -> usize {
        self.at + 1
    }

    pub(super) fn error(&self, message: impl Into<String>) -> QueryError {
        QueryError::Search { position: self.position(), message: message.into() }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.after(0)
    }

    pub(super) fn after(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Consumes `expected` if it is next. Returns whether it did.
    pub(super) fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.at += usize::from(found);
        found
    }

    /// Consumes the word `keyword` if it is next. Returns whether it did.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let length = keyword.chars().count();
        let ends = self.after(length).is_none_or(|next| next.is_whitespace() || "()\"".contains(next));
        let found = ends && keyword.chars().enumerate().all(|(index, c)| self.after(index) == Some(c));
        self.at += if found { length } else { 0 };
        found
    }

    /// Consumes a field name and its comparison, if they are next.
    ///
    /// Spaces may surround comparisons such as `=` and `>`, but not a colon. Pasted text such as
    /// `error: refused` therefore remains text.
    pub(super) fn take_field(&mut self) -> Option<(String, Comparison)> {
        let start = self.at;
        let field = self.scan_field();
        if field.is_none() {
            self.at = start;
        }
        field
    }

    fn scan_field(&mut self) -> Option<(String, Comparison)> {
        if !self.peek().is_some_and(|first| first.is_alphabetic() || first == '_' || first == '@') {
            return None;
        }
        let mut key = String::new();
        while let Some(next) = self.peek().filter(|c| c.is_alphanumeric() || "_.-/@[]".contains(*c)) {
            key.push(next);
            self.at += 1;
        }
        let spaced = self.peek().is_some_and(char::is_whitespace);
        self.skip_space();
        let comparison = self.take_comparison()?;
        let is_colon = matches!(comparison, Comparison::Colon);
        if is_colon && (spaced || self.peek().is_none_or(char::is_whitespace)) {
            return None;
        }
        // An address such as http://example.com is text.
        if is_colon && self.peek() == Some('/') && self.after(1) == Some('/') {
            return None;
        }
        if !is_colon {
            self.skip_space();
        }
        Some((key, comparison))
    }

    fn take_comparison(&mut self) -> Option<Comparison> {
        let (sign, comparison) = COMPARISONS
            .iter()
            .find(|(sign, _)| sign.chars().enumerate().all(|(index, c)| self.after(index) == Some(c)))?;
        self.at += sign.len();
        Some(*comparison)
    }

    /// Consumes text in quotes, if a quote is next. A backslash escapes a quote or a backslash.
    pub(super) fn take_quoted(&mut self) -> Result<Option<String>, QueryError> {
        let opened = self.position();
        if !self.take('"') {
            return Ok(None);
        }
        let mut text = String::new();
        while let Some(next) = self.peek() {
            self.at += 1;
            match next {
                '"' => return Ok(Some(text)),
                '\\' if matches!(self.peek(), Some('"' | '\\')) => {
                    text.extend(self.peek());
                    self.at += 1;
                }
                other => text.push(other),
            }
        }
        Err(QueryError::Search {
            position: opened,
            message: "this quote is never closed, expected another \"".into(),
        })
    }

    /// Consumes text up to the next space or the end of the group.
    ///
    /// Parentheses that are opened inside the word belong to it.
    pub(super) fn take_word(&mut self) -> String {
        let mut word = String::new();
        let mut depth = 0_usize;
        while let Some(next) = self.peek() {
            match next {
                space if space.is_whitespace() => break,
                '(' => depth += 1,
                ')' if depth == 0 => break,
                ')' => depth -= 1,
                '\\' if self.after(1).is_some_and(|escaped| !escaped.is_whitespace()) => {
                    word.push(next);
                    self.at += 1;
                }
                _ => {}
            }
            word.extend(self.peek());
            self.at += 1;
        }
        word
    }
}
