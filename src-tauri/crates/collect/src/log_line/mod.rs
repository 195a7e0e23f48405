//! Understanding one record of a log file: when, how bad, what, and the rest as attributes. Pure: the time
//! zone of times without one, and the present for times without a year, are passed in.

mod access;
mod json;
mod logfmt;
mod plain;
mod syslog;
mod time;

use chrono::FixedOffset;
use model::{AttributeValue, Attributes, Severity, SpanId, Timestamp, TraceId};

/// What is known from outside the line.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The present.
    pub now: Timestamp,
    /// The zone of times that do not tell theirs.
    pub zone: FixedOffset,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LogLine {
    /// When it happened, where told.
    pub time: Option<Timestamp>,
    /// How bad it is.
    pub severity: Severity,
    /// The severity in the line's own words, may be empty.
    pub severity_text: String,
    /// The message.
    pub body: String,
    /// The rest.
    pub attributes: Attributes,
    /// The trace it belongs to.
    pub trace_id: Option<TraceId>,
    /// The span it belongs to.
    pub span_id: Option<SpanId>,
}

impl LogLine {
    fn set_severity(&mut self, text: &str) -> bool {
        match Severity::from_name(text) {
            Some(severity) => {
                self.severity = severity;
                text.clone_into(&mut self.severity_text);
                true
            }
            None => false,
        }
    }

    /// Keeps one named value of a structured line where it belongs.
    fn set_field(&mut self, key: &str, value: AttributeValue, context: &Context) {
        let known = match key.to_ascii_lowercase().as_str() {
            "time" | "timestamp" | "ts" | "@timestamp" | "datetime" | "date" if self.time.is_none() => {
                self.time = time::from_value(&value, context);
                self.time.is_some()
            }
            "level" | "severity" | "lvl" | "loglevel" | "levelname" | "log.level" | "severity_text"
                if self.severity == Severity::default() =>
            {
                self.set_level(&value)
            }
            "msg" | "message" if self.body.is_empty() => {
                self.body = value.to_string();
                !self.body.is_empty()
            }
            "trace_id" | "traceid" | "trace.id" | "otel_trace_id" | "oteltraceid" => {
                self.trace_id = self.trace_id.or_else(|| value.to_string().parse().ok());
                self.trace_id.is_some()
            }
            "span_id" | "spanid" | "span.id" | "otel_span_id" | "otelspanid" => {
                self.span_id = self.span_id.or_else(|| value.to_string().parse().ok());
                self.span_id.is_some()
            }
            _ => false,
        };
        if !known {
            self.attributes.0.insert(key.to_owned(), value);
        }
    }

    /// Levels in words, or in the numbers of the pino and bunyan loggers (10 trace to 60 fatal).
    fn set_level(&mut self, value: &AttributeValue) -> bool {
        match value {
            AttributeValue::String(text) => self.set_severity(text.trim()),
            AttributeValue::Int(number) if (10..=69).contains(number) => {
                let severities = [
                    Severity(1),
                    Severity::DEBUG,
                    Severity::INFO,
                    Severity::WARN,
                    Severity::ERROR,
                    Severity::FATAL,
                ];
                let index = usize::try_from(number / 10 - 1).unwrap_or(0);
                self.severity = severities.get(index).copied().unwrap_or_default();
                self.severity_text = number.to_string();
                true
            }
            _ => false,
        }
    }
}

/// Understands a record; `text` may hold more lines after the first, such as a stack trace. Anything that no
/// format fits is a plain message.
pub fn parse(text: &str, context: &Context) -> LogLine {
    json::parse(text, context)
        .or_else(|| access::parse(text, context))
        .or_else(|| syslog::parse(text, context))
        .or_else(|| logfmt::parse(text, context))
        .unwrap_or_else(|| plain::parse(text, context))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn context() -> Context {
        // 2026-03-01T00:00:00Z, one hour east.
        Context { now: Timestamp(1_772_323_200_000_000_000), zone: FixedOffset::east_opt(3600).unwrap() }
    }

    pub(super) fn parsed(text: &str) -> LogLine {
        parse(text, &context())
    }

    #[test]
    fn anything_gives_a_line_and_loses_no_message() {
        for text in [
            "",
            " ",
            "{",
            "{}",
            "[",
            "[]",
            "=",
            "a=",
            "\"",
            "<",
            "<999>",
            "<13>",
            "[error",
            "ERROR",
            "error:",
            "2026-01-02T",
            "2026-99-99T99:99:99Z x",
            "{\"level\":[]}",
            "{\"time\":1e308,\"msg\":null}",
            "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
            "- - [x] \"\" 200 -",
            "Feb 30 25:61:61 h p: m",
            "\u{0}\u{1}",
            "msg=\"unterminated level=info",
        ] {
            let line = parsed(text);
            assert!(!line.body.is_empty() || text.trim().is_empty(), "{text:?} {line:?}");
        }
    }

    #[test]
    fn random_text_gives_an_answer() {
        let mut state = 7_u32;
        let alphabet: Vec<char> = "{}[]\"=:,. \\<>-/09TZerioäERO\n".chars().collect();
        for _ in 0..20_000 {
            let text: String = (0..30)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    alphabet[(state >> 16) as usize % alphabet.len()]
                })
                .collect();
            let _ = parsed(&text);
        }
    }
}
