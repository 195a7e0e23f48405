//! Conversion of OTLP attributes, resources and scopes, within limits.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use model::{AttributeValue, Attributes, Resource, Scope};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource as WireResource,
};

use super::conversion::Trimmed;

/// Maximum number of attributes of one record. The rest is dropped and counted.
pub const MAX_ATTRIBUTES: usize = 256;
/// Maximum bytes of text of one attribute value. Longer values are cut.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;
/// Maximum bytes of text of a log record's body. Longer bodies are cut.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Maximum bytes of the names of attributes, spans, scopes and events. Longer names are cut.
pub const MAX_NAME_BYTES: usize = 4096;
/// Maximum nesting depth of values. Deeper values are replaced by [`CUT_MARKER`].
pub const MAX_DEPTH: usize = 16;
/// The attribute with the number of attributes that the sender dropped.
pub(crate) const DROPPED_ATTRIBUTES: &str = "otel.dropped_attributes_count";
/// The text that replaces what was cut.
pub const CUT_MARKER: &str = "… [cut]";

/// Cuts `text` to `limit` bytes plus the marker.
pub(crate) fn cut(mut text: String, limit: usize, trimmed: &mut Trimmed) -> String {
    if text.len() > limit {
        let mut end = limit;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(CUT_MARKER);
        trimmed.cut += 1;
    }
    text
}

/// Converts the attributes of one record.
pub(crate) fn attributes(pairs: Vec<KeyValue>, trimmed: &mut Trimmed) -> Attributes {
    let mut attributes = BTreeMap::new();
    for KeyValue { key, value, .. } in pairs {
        if key.is_empty() || (attributes.len() >= MAX_ATTRIBUTES && !attributes.contains_key(&key)) {
            trimmed.dropped += 1;
            continue;
        }
        let value = limited_value(value, MAX_VALUE_BYTES, trimmed);
        attributes.insert(cut(key, MAX_NAME_BYTES, trimmed), value);
    }
    Attributes(attributes)
}

/// Converts one value and cuts it to `limit` bytes of text in total.
fn limited_value(value: Option<AnyValue>, limit: usize, trimmed: &mut Trimmed) -> AttributeValue {
    let mut budget = limit;
    attribute_value(value, &mut budget, 0, trimmed)
}

fn attribute_value(
    value: Option<AnyValue>,
    budget: &mut usize,
    depth: usize,
    trimmed: &mut Trimmed,
) -> AttributeValue {
    let Some(value) = value.and_then(|value| value.value) else {
        return AttributeValue::Null;
    };
    match value {
        Value::StringValue(text) => text_value(text, budget, trimmed),
        Value::BytesValue(bytes) => text_value(BASE64_STANDARD.encode(bytes), budget, trimmed),
        Value::BoolValue(value) => AttributeValue::Bool(value),
        Value::IntValue(value) => AttributeValue::Int(value),
        Value::DoubleValue(value) => value.into(),
        // An index into the string table of profiles, which the other signals do not have.
        Value::StringValueStrindex(index) => AttributeValue::Int(index.into()),
        Value::ArrayValue(_) | Value::KvlistValue(_) if depth >= MAX_DEPTH => {
            trimmed.cut += 1;
            AttributeValue::String(CUT_MARKER.to_owned())
        }
        Value::ArrayValue(array) => {
            let mut values = Vec::new();
            for item in array.values {
                if !spend(budget, 1) {
                    trimmed.cut += 1;
                    values.push(AttributeValue::String(CUT_MARKER.to_owned()));
                    break;
                }
                values.push(attribute_value(Some(item), budget, depth + 1, trimmed));
            }
            AttributeValue::Array(values)
        }
        Value::KvlistValue(list) => {
            let mut values = BTreeMap::new();
            for pair in list.values {
                if !spend(budget, 1 + pair.key.len()) {
                    trimmed.cut += 1;
                    break;
                }
                values.insert(pair.key, attribute_value(pair.value, budget, depth + 1, trimmed));
            }
            AttributeValue::Map(values)
        }
    }
}

fn spend(budget: &mut usize, bytes: usize) -> bool {
    let enough = *budget >= bytes;
    *budget = budget.saturating_sub(bytes);
    enough
}

fn text_value(text: String, budget: &mut usize, trimmed: &mut Trimmed) -> AttributeValue {
    let limit = *budget;
    spend(budget, text.len());
    AttributeValue::String(cut(text, limit, trimmed))
}

/// Returns the body of a log record: text unchanged, any other value as JSON.
pub(crate) fn body_text(body: Option<AnyValue>, trimmed: &mut Trimmed) -> String {
    match limited_value(body, MAX_BODY_BYTES, trimmed) {
        AttributeValue::String(text) => text,
        AttributeValue::Null => String::new(),
        structured => cut(structured.to_string(), MAX_BODY_BYTES, trimmed),
    }
}

/// Adds numbers that are not zero to attributes: what the sender dropped, and its flags. The
/// names are those of OpenTelemetry's mapping to other formats ("Dropped Attributes Count").
pub(crate) fn add_counts(attributes: &mut Attributes, counts: &[(&str, u32)]) {
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        attributes.0.insert((*name).to_owned(), AttributeValue::Int((*count).into()));
    }
}

/// Converts the resource of a group of records.
pub(crate) fn resource(resource: Option<WireResource>, trimmed: &mut Trimmed) -> Arc<Resource> {
    let resource = resource.unwrap_or_default();
    let mut attributes = attributes(resource.attributes, trimmed);
    add_counts(&mut attributes, &[(DROPPED_ATTRIBUTES, resource.dropped_attributes_count)]);
    Arc::new(Resource { attributes })
}

/// Converts the scope of a group of records.
///
/// Its attributes are returned apart, with the prefix `otel.scope.`, and are added to each record.
/// They identify a scope, but are rare.
pub(crate) fn scope(scope: Option<InstrumentationScope>, trimmed: &mut Trimmed) -> (Arc<Scope>, Attributes) {
    let scope = scope.unwrap_or_default();
    let mut scope_attributes = attributes(scope.attributes, trimmed);
    add_counts(&mut scope_attributes, &[("dropped_attributes_count", scope.dropped_attributes_count)]);
    let scope_attributes =
        scope_attributes.0.into_iter().map(|(key, value)| (format!("otel.scope.{key}"), value)).collect();
    let scope = Scope {
        name: cut(scope.name, MAX_NAME_BYTES, trimmed),
        version: cut(scope.version, MAX_NAME_BYTES, trimmed),
    };
    (Arc::new(scope), scope_attributes)
}

/// Converts the attributes of one record and adds those of its scope. The record's take precedence.
pub(crate) fn with_scope(pairs: Vec<KeyValue>, scope: &Attributes, trimmed: &mut Trimmed) -> Attributes {
    let mut all = attributes(pairs, trimmed);
    for (key, value) in &scope.0 {
        all.0.entry(key.clone()).or_insert_with(|| value.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(key: &str, value: Value) -> KeyValue {
        KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
    }

    #[test]
    fn every_kind_of_value_is_converted() {
        let mut trimmed = Trimmed::default();
        let read = attributes(
            vec![
                pair("text", Value::StringValue("a".into())),
                pair("bytes", Value::BytesValue(vec![0, 255])),
                pair("int", Value::IntValue(-5)),
                pair("nan", Value::DoubleValue(f64::NAN)),
                KeyValue { key: "none".into(), ..Default::default() },
            ],
            &mut trimmed,
        );
        assert_eq!(read.to_json(), r#"{"bytes":"AP8=","int":-5,"nan":"NaN","none":null,"text":"a"}"#);
        assert_eq!(trimmed, Trimmed::default());
    }

    #[test]
    fn long_values_are_cut_on_a_character_and_many_are_dropped() {
        let mut trimmed = Trimmed::default();
        let mut pairs = vec![pair("a", Value::StringValue("ä".repeat(MAX_VALUE_BYTES)))];
        pairs.extend((0..300).map(|number| pair(&format!("k{number}"), Value::IntValue(number))));
        let read = attributes(pairs, &mut trimmed);
        assert_eq!(read.0.len(), MAX_ATTRIBUTES);
        assert_eq!(trimmed, Trimmed { dropped: 45, cut: 1 });
        let text = read.text("a").unwrap();
        assert!(text.ends_with(CUT_MARKER) && text.len() <= MAX_VALUE_BYTES + CUT_MARKER.len());
    }

    #[test]
    fn deep_and_wide_values_are_cut() {
        let mut trimmed = Trimmed::default();
        let mut value = Value::IntValue(1);
        for _ in 0..90 {
            let values = vec![AnyValue { value: Some(value) }];
            value = Value::ArrayValue(opentelemetry_proto::tonic::common::v1::ArrayValue { values });
        }
        let read = attributes(vec![pair("deep", value)], &mut trimmed);
        assert!(read.to_json().contains(CUT_MARKER));
        assert_eq!(trimmed.cut, 1);
    }
}
