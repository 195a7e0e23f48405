//! The name and the labels of a series as the text formats write them. A quoted name may contain
//! any characters ("UTF-8 names", since Prometheus 3).

use crate::{
    cursor::Cursor,
    exposition::{ExposedLabels, ExpositionError, MAX_LABELS, excerpt},
    line::unescape,
};

/// The differences between the text format and OpenMetrics within a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Blanks may be anywhere, commas may be missing or trailing, and values may span lines.
    Text,
    /// Nothing of that.
    OpenMetrics,
}

impl Dialect {
    fn skip_blanks(self, cursor: &mut Cursor<'_>) {
        if self == Self::Text {
            cursor.skip_blanks();
        }
    }

    /// Moves behind the name and labels of a sample, as far as they are well-formed. Returns false
    /// if they have no end.
    pub(crate) fn skip_series(self, cursor: &mut Cursor<'_>) -> bool {
        cursor.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'));
        self.skip_blanks(cursor);
        cursor.peek() != Some(b'{') || cursor.skip_braces()
    }

    /// Reads the name and labels of a sample.
    pub(crate) fn read_series(
        self,
        cursor: &mut Cursor<'_>,
    ) -> Result<(String, ExposedLabels), ExpositionError> {
        let name = cursor.take_name(b":");
        if name.is_none() && cursor.peek() != Some(b'{') {
            return Err(cursor.error(format!("{} does not begin with a metric name", cursor.next_text())));
        }
        self.skip_blanks(cursor);
        let (quoted_name, labels) =
            if cursor.eat("{") { self.read_labels(cursor, name.is_none())? } else { (None, Vec::new()) };
        match name.or(quoted_name) {
            Some(name) => Ok((name, labels)),
            None => Err(cursor.error("a sample without a name")),
        }
    }

    /// Reads the content of braces behind the opening one: labels and, with `may_name`, a leading
    /// quoted metric name.
    pub(crate) fn read_labels(
        self,
        cursor: &mut Cursor<'_>,
        may_name: bool,
    ) -> Result<(Option<String>, ExposedLabels), ExpositionError> {
        let (mut metric, mut labels) = (None, ExposedLabels::new());
        loop {
            self.skip_blanks(cursor);
            if cursor.eat("}") {
                return Ok((metric, labels));
            }
            if metric.is_some() || !labels.is_empty() {
                self.read_separator(cursor)?;
                if self == Self::Text && cursor.eat("}") {
                    return Ok((metric, labels));
                }
            }
            let is_quoted = cursor.peek() == Some(b'"');
            let name = match cursor.take_name(b"") {
                Some(name) => name,
                None if is_quoted => self.read_quoted(cursor, "a name")?,
                None => return Err(cursor.expected("a label name or a closing brace")),
            };
            if name.is_empty() {
                return Err(cursor.error("a label without a name"));
            }
            self.skip_blanks(cursor);
            if !cursor.eat("=") {
                if is_quoted && may_name && metric.is_none() && labels.is_empty() {
                    metric = Some(name);
                    continue;
                }
                return Err(cursor.error(format!("no value for label {}", excerpt(&name))));
            }
            if labels.iter().any(|(known, _)| *known == name) {
                return Err(cursor.error(format!("label {} occurs twice", excerpt(&name))));
            }
            if labels.len() >= MAX_LABELS {
                return Err(cursor.error(format!("more than {MAX_LABELS} labels")));
            }
            self.skip_blanks(cursor);
            if cursor.peek() != Some(b'"') {
                return Err(cursor.error(format!("the value of label {} is not quoted", excerpt(&name))));
            }
            let value = self.read_quoted(cursor, &format!("the value of label {}", excerpt(&name)))?;
            labels.push((name, value));
        }
    }

    /// Reads what is between two labels.
    fn read_separator(self, cursor: &mut Cursor<'_>) -> Result<(), ExpositionError> {
        let comma = cursor.eat(",");
        self.skip_blanks(cursor);
        match self {
            Self::OpenMetrics if !comma => Err(cursor.expected("a comma or a closing brace")),
            Self::Text | Self::OpenMetrics => Ok(()),
        }
    }

    /// Reads a text in quotes and resolves its escapes.
    pub(crate) fn read_quoted(self, cursor: &mut Cursor<'_>, what: &str) -> Result<String, ExpositionError> {
        let at = *cursor;
        let text = cursor
            .take_quoted(self == Self::Text)
            .ok_or_else(|| at.error(format!("{what} has no closing quote")))?;
        let text = std::str::from_utf8(text).map_err(|_| at.error(format!("{what} is not UTF-8")))?;
        Ok(unescape(text, true))
    }

    /// Reads the metric name, quoted or not, of a comment.
    pub(crate) fn read_metric_name(self, cursor: &mut Cursor<'_>) -> Result<String, ExpositionError> {
        match cursor.take_name(b":") {
            Some(name) => Ok(name),
            None if cursor.peek() == Some(b'"') => self.read_quoted(cursor, "a name"),
            None => Err(cursor.error(format!("{} is not a metric name", cursor.next_text()))),
        }
    }
}
