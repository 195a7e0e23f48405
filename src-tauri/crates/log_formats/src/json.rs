//! Lines that are one JSON object.

use std::collections::BTreeMap;

use model::AttributeValue;
use serde_json::Value;

use crate::{context::Context, record::ParsedRecord};

/// Parses a JSON object; without a message, the whole text is the message.
pub(crate) fn parse(text: &str, context: &Context) -> Option<ParsedRecord> {
    if !text.starts_with('{') {
        return None;
    }
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return None };
    let mut line = ParsedRecord::default();
    for (key, value) in fields {
        // A float rounds the nanoseconds of a time.
        let literal = if value.is_f64() { time_literal(text, &key) } else { None };
        if let Some(value) = literal.or_else(|| attribute(value)) {
            line.set_field(&key, value, context);
        }
    }
    if line.body.is_empty() {
        text.clone_into(&mut line.body);
    }
    Some(line)
}

/// Returns the number of a field as it is written, if it can be a time with a fraction.
fn time_literal(text: &str, key: &str) -> Option<AttributeValue> {
    const TIMES: [&str; 6] = ["time", "timestamp", "ts", "@timestamp", "datetime", "date"];
    if !TIMES.contains(&key.to_ascii_lowercase().as_str()) {
        return None;
    }
    let (_, rest) = text.split_once(&format!("\"{key}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let number = &rest[..length];
    let is_decimal =
        number.split_once('.').is_some_and(|(whole, part)| !whole.is_empty() && !part.contains('.'));
    (is_decimal && !rest[length..].starts_with(['e', 'E'])).then(|| number.into())
}

/// Converts a value; returns none for `null`.
fn attribute(value: Value) -> Option<AttributeValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => AttributeValue::Int(whole),
            // A float would round it.
            (None, _) if number.is_u64() => AttributeValue::String(number.to_string()),
            (None, Some(fraction)) => AttributeValue::from(fraction),
            (None, None) => AttributeValue::String(number.to_string()),
        },
        Value::String(text) => AttributeValue::String(text),
        Value::Array(values) => AttributeValue::Array(values.into_iter().filter_map(attribute).collect()),
        Value::Object(fields) => {
            let fields = fields.into_iter().filter_map(|(key, value)| Some((key, attribute(value)?)));
            AttributeValue::Map(fields.collect::<BTreeMap<_, _>>())
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::tests::parsed;
    use model::{AttributeValue, Severity, Timestamp};

    #[test]
    fn known_fields_are_recognised_and_the_rest_are_attributes() {
        let line = parsed(
            r#"{"ts":1767322800.5,"lvl":"Warning","msg":"slow","traceId":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","user":{"id":7,"x":null},"n":18446744073709551615}"#,
        );
        assert_eq!(line.time, Some(Timestamp(1_767_322_800_500_000_000)));
        assert_eq!((line.severity, line.severity_text.as_str()), (Severity::WARN, "Warning"));
        assert_eq!(line.body, "slow");
        assert!(line.trace_id.is_some() && line.span_id.is_some());
        assert!(matches!(&line.attributes.0["user"], AttributeValue::Map(map) if map.len() == 1));
        assert_eq!(line.attributes.0.len(), 2);
    }

    #[test]
    fn times_and_large_numbers_are_exact() {
        let line = parsed(r#"{"n":18446744073709551615,"ts" : 1767322800.123456789,"msg":"a"}"#);
        assert_eq!(line.time, Some(Timestamp(1_767_322_800_123_456_789)));
        assert_eq!(line.attributes.text("n"), Some("18446744073709551615"));
        let millis = parsed(r#"{"time":1767322800123.4567,"msg":"a"}"#);
        assert_eq!(millis.time, Some(Timestamp(1_767_322_800_123_456_700)));
        assert_eq!(parsed("ts=1767322800.000000001 msg=a").time, Some(Timestamp(1_767_322_800_000_000_001)));
    }

    #[test]
    fn numbers_are_levels_and_odd_values_are_attributes() {
        let line = parsed(r#"{"level":50,"time":1767322800000,"msg":"pino","trace_id":"zero"}"#);
        assert_eq!(line.severity, Severity::ERROR);
        assert_eq!(line.attributes.text("trace_id"), Some("zero"));
        let odd = parsed(r#"{"level":"loud","time":"later","msg":{"a":1}}"#);
        assert_eq!(
            (odd.attributes.text("level"), odd.attributes.text("time")),
            (Some("loud"), Some("later"))
        );
        assert_eq!(odd.body, r#"{"a":1}"#);
    }

    #[test]
    fn without_a_message_the_line_is_the_message() {
        assert_eq!(parsed(r#"{"a":1}"#).body, r#"{"a":1}"#);
        assert_eq!(parsed(r#"{"a":1} trailing"#).body, r#"{"a":1} trailing"#);
        let deep = format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500));
        assert_eq!(parsed(&deep).body, deep);
    }
}
