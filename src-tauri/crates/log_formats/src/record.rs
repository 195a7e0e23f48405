//! The content of a log record, independent of its format.

use model::{AttributeValue, Attributes, Severity, SpanId, Timestamp, TraceId};

use crate::{context::Context, time};

/// The content of one record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParsedRecord {
    /// Time of the event, if given.
    pub time: Option<Timestamp>,
    /// Severity; 0 if not given.
    pub severity: Severity,
    /// Severity as written; may be empty.
    pub severity_text: String,
    /// The message.
    pub body: String,
    /// Every other named value.
    pub attributes: Attributes,
    /// The trace of the event.
    pub trace_id: Option<TraceId>,
    /// The span of the event.
    pub span_id: Option<SpanId>,
}

impl ParsedRecord {
    /// Sets the severity by its name; returns false for an unknown name.
    pub(crate) fn set_severity(&mut self, text: &str) -> bool {
        match Severity::from_name(text) {
            Some(severity) => {
                self.severity = severity;
                text.clone_into(&mut self.severity_text);
                true
            }
            None => false,
        }
    }

    /// Stores one named value of a structured record: in the field of its meaning, or as an
    /// attribute.
    pub(crate) fn set_field(&mut self, key: &str, value: AttributeValue, context: &Context) {
        let is_known = match key.to_ascii_lowercase().as_str() {
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
        if !is_known {
            self.attributes.0.insert(key.to_owned(), value);
        }
    }

    /// Sets the severity from a word or from a number of the pino and bunyan loggers (10 trace to
    /// 60 fatal).
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
