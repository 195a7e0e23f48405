//! A recursive descent parser of searches.

use model::Filter;

use super::{
    condition::{Value, condition},
    language::Language,
    scan::Scanner,
};
use crate::QueryError;

/// Maximum nesting depth, so that no search can exhaust the stack.
const MAX_DEPTH: usize = 40;
/// Maximum length of a search, in bytes.
const MAX_LENGTH: usize = 8192;
/// Maximum number of conditions of a search.
const MAX_CONDITIONS: usize = 256;

/// Parses a search. An error has the position and the expected text.
pub(super) fn parse(text: &str, language: Language) -> Result<Filter, QueryError> {
    let mut parser = Parser { scanner: Scanner::new(text), language, depth: 0, conditions: 0 };
    if text.len() > MAX_LENGTH {
        return Err(parser.scanner.error(format!("the search is longer than {MAX_LENGTH} bytes")));
    }
    parser.scanner.skip_space();
    if parser.scanner.peek().is_none() {
        return Ok(Filter::everything());
    }
    let filter = parser.any()?;
    match parser.scanner.peek() {
        None => Ok(filter),
        Some(_) => {
            Err(parser.scanner.error("expected the end of the search, this parenthesis was never opened"))
        }
    }
}

struct Parser {
    scanner: Scanner,
    language: Language,
    depth: usize,
    conditions: usize,
}

impl Parser {
    /// Parses alternatives separated by `OR`.
    fn any(&mut self) -> Result<Filter, QueryError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.scanner.error(format!("more than {MAX_DEPTH} levels of parentheses")));
        }
        let mut of = vec![self.all()?];
        while self.scanner.take_keyword("OR") {
            of.push(self.all()?);
        }
        self.depth -= 1;
        Ok(single(of, |of| Filter::Any { of }))
    }

    /// Parses conditions side by side, with or without `AND`.
    fn all(&mut self) -> Result<Filter, QueryError> {
        let mut of = vec![self.negatable()?];
        loop {
            self.scanner.skip_space();
            let joined = self.scanner.take_keyword("AND");
            if !joined && (self.scanner.peek().is_none_or(|next| next == ')') || self.at_or()) {
                return Ok(single(of, |of| Filter::All { of }));
            }
            of.push(self.negatable()?);
        }
    }

    fn at_or(&mut self) -> bool {
        self.scanner.peek() == Some('O')
            && self.scanner.after(1) == Some('R')
            && self.scanner.after(2).is_none_or(|next| next.is_whitespace() || "()\"".contains(next))
    }

    /// Parses a condition, negated by `NOT` or a leading `-`.
    fn negatable(&mut self) -> Result<Filter, QueryError> {
        let mut negative = false;
        loop {
            self.scanner.skip_space();
            if self.scanner.take_keyword("NOT") || self.at_minus() && self.scanner.take('-') {
                negative = !negative;
                continue;
            }
            let filter = self.one()?;
            return Ok(if negative { Filter::Not { of: Box::new(filter) } } else { filter });
        }
    }

    /// Returns whether the next character is a negation, which directly precedes its condition.
    fn at_minus(&self) -> bool {
        self.scanner.peek() == Some('-')
            && self.scanner.after(1).is_some_and(|next| next.is_alphanumeric() || "_@\"(".contains(next))
    }

    /// Parses one condition or a group.
    fn one(&mut self) -> Result<Filter, QueryError> {
        self.conditions += 1;
        if self.conditions > MAX_CONDITIONS {
            return Err(self.scanner.error(format!("more than {MAX_CONDITIONS} conditions")));
        }
        if self.at_or() || self.scanner.peek().is_none_or(|next| next == ')') {
            return Err(self
                .scanner
                .error("expected a word, a \"phrase\" or a condition such as service:cart"));
        }
        if self.scanner.take('(') {
            let opened = self.scanner.position() - 1;
            let inner = self.any()?;
            if !self.scanner.take(')') {
                let message = format!("expected ) for the parenthesis opened at character {opened}");
                return Err(self.scanner.error(message));
            }
            return Ok(inner);
        }
        if let Some(text) = self.scanner.take_quoted()? {
            return Ok(Filter::Text { text });
        }
        if let Some((key, comparison)) = self.scanner.take_field() {
            let position = self.scanner.position();
            let value = match self.scanner.take_quoted()? {
                Some(text) => Value { text, quoted: true },
                None => Value { text: self.scanner.take_word(), quoted: false },
            };
            return condition(self.language, key, comparison, value)
                .map_err(|message| QueryError::Search { position, message });
        }
        if let Some(sign @ ('<' | '>' | '=' | '!')) = self.scanner.peek() {
            let alone = self.scanner.after(1).is_none_or(char::is_whitespace);
            if alone || sign != '!' {
                let message = format!("expected a field name before {sign}; put text with {sign} in quotes");
                return Err(self.scanner.error(message));
            }
        }
        Ok(Filter::Text { text: self.scanner.take_word() })
    }
}

/// Returns a single condition unchanged, and joins several to one filter.
fn single(mut of: Vec<Filter>, several: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match of.pop() {
        Some(only) if of.is_empty() => only,
        Some(last) => {
            of.push(last);
            several(of)
        }
        None => Filter::everything(),
    }
}

#[cfg(test)]
mod tests {
    use model::{FieldOperator, Severity};

    use super::*;

    fn logs(text: &str) -> Filter {
        parse(text, Language::Logs).unwrap()
    }

    fn traces(text: &str) -> Filter {
        parse(text, Language::Traces).unwrap()
    }

    fn text(text: &str) -> Filter {
        Filter::Text { text: text.into() }
    }

    fn field(key: &str, operator: FieldOperator, value: &str) -> Filter {
        Filter::Field { key: key.into(), operator, value: value.into() }
    }

    fn not(filter: Filter) -> Filter {
        Filter::Not { of: Box::new(filter) }
    }

    fn failure(search: &str) -> (usize, String) {
        match parse(search, Language::Logs) {
            Err(QueryError::Search { position, message }) => (position, message),
            other => panic!("{search}: {other:?}"),
        }
    }

    #[test]
    fn words_and_phrases_are_text() {
        assert_eq!(logs("  "), Filter::everything());
        assert_eq!(logs("timeout"), text("timeout"));
        assert_eq!(logs(r#""connection \"refused\"""#), text(r#"connection "refused""#));
        assert_eq!(logs("http://shop/cart"), text("http://shop/cart"));
        assert_eq!(logs("12:30:05"), text("12:30:05"));
        assert_eq!(logs("error: refused"), Filter::All { of: vec![text("error:"), text("refused")] });
        assert_eq!(logs("call(a)"), text("call(a)"));
    }

    #[test]
    fn fields_compare() {
        assert_eq!(logs("service:cart"), field("service", FieldOperator::Equal, "cart"));
        assert_eq!(logs("service = \"my cart\""), field("service", FieldOperator::Equal, "my cart"));
        assert_eq!(logs("service!=cart"), not(field("service", FieldOperator::Equal, "cart")));
        assert_eq!(logs("trace_id:*"), field("trace_id", FieldOperator::Exists, ""));
        assert_eq!(logs("path:~^/api/(a|b)"), field("path", FieldOperator::Regex, "^/api/(a|b)"));
        assert_eq!(logs("path!~x"), not(field("path", FieldOperator::Regex, "x")));
        assert_eq!(logs("body:refused"), field("body", FieldOperator::Contains, "refused"));
        assert_eq!(
            logs("http.status_code >= 500"),
            field("http.status_code", FieldOperator::GreaterOrEqual, "500")
        );
        assert_eq!(logs("host:web*"), field("host", FieldOperator::Regex, "(?i)^web.*$"));
    }

    #[test]
    fn severities_are_ranks() {
        let at_least = |severity| Filter::SeverityAtLeast { severity };
        assert_eq!(logs("severity>=warn"), at_least(Severity::WARN));
        assert_eq!(logs("level>warn"), at_least(Severity::ERROR));
        assert_eq!(logs("level<error"), not(at_least(Severity::ERROR)));
        assert_eq!(
            logs("level:error"),
            Filter::All { of: vec![at_least(Severity::ERROR), not(at_least(Severity::FATAL))] }
        );
        assert_eq!(failure("level:loud").0, 7);
    }

    #[test]
    fn durations_and_span_words_belong_to_traces() {
        assert_eq!(traces("duration>250ms"), field("duration", FieldOperator::Greater, "250000000"));
        assert_eq!(traces("duration<=1.5s"), field("duration", FieldOperator::LessOrEqual, "1500000000"));
        assert_eq!(traces("status:ERROR"), field("status", FieldOperator::Equal, "error"));
        assert!(parse("duration>250", Language::Traces).is_err());
        assert!(parse("status:broken", Language::Traces).is_err());
    }

    #[test]
    fn and_binds_closer_than_or() {
        let of = |letters: [&str; 2]| letters.map(text).to_vec();
        assert_eq!(logs("a b"), Filter::All { of: of(["a", "b"]) });
        assert_eq!(logs("a AND b"), Filter::All { of: of(["a", "b"]) });
        assert_eq!(logs("a OR b"), Filter::Any { of: of(["a", "b"]) });
        assert_eq!(logs("a b OR c"), Filter::Any { of: vec![Filter::All { of: of(["a", "b"]) }, text("c")] });
        assert_eq!(
            logs("a (b OR c)"),
            Filter::All { of: vec![text("a"), Filter::Any { of: of(["b", "c"]) }] }
        );
        assert_eq!(
            logs("-a NOT service:b"),
            Filter::All { of: vec![not(text("a")), not(field("service", FieldOperator::Equal, "b"))] }
        );
    }

    #[test]
    fn errors_have_the_position_and_the_expected_text() {
        assert_eq!(
            failure("a OR"),
            (5, "expected a word, a \"phrase\" or a condition such as service:cart".into())
        );
        assert_eq!(failure("(a b").0, 5);
        assert_eq!(failure("a) b").0, 2);
        assert_eq!(failure("ab \"cd").0, 4);
        assert_eq!(failure("service=").0, 9);
        assert_eq!(failure("a:~[").0, 4);
        assert_eq!(failure("size>big").0, 6);
        assert_eq!(failure("> 5").0, 1);
        assert!(failure(&"(".repeat(100)).1.contains("levels"));
        assert!(failure(&"a ".repeat(1000)).1.contains("conditions"));
        assert!(failure(&"a".repeat(10_000)).1.contains("longer"));
    }
}
