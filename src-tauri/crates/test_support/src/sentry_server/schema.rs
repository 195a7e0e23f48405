//! Holds the test server's own answers against the published schema, as described in `schema.json`.

use serde_json::{Map, Value};

/// The description of every endpoint.
pub(super) fn schema() -> Value {
    serde_json::from_str(include_str!("schema.json")).unwrap_or_default()
}

/// What is wrong with an answer, none if nothing.
pub(super) fn violation(described: &Value, value: &Value, place: &str) -> Option<String> {
    match (described, value) {
        (Value::String(kinds), _) => {
            let fits = kinds.split('|').any(|kind| match kind {
                "any" => true,
                "null" => value.is_null(),
                "string" => value.is_string(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                _ => false,
            });
            (!fits).then(|| format!("{place} is {value}, not {kinds}"))
        }
        (Value::Array(described), Value::Array(entries)) => {
            let entry = described.first()?;
            let mut numbered = entries.iter().enumerate();
            numbered.find_map(|(index, value)| violation(entry, value, &format!("{place}[{index}]")))
        }
        (Value::Object(described), Value::Object(fields)) => fields_violation(described, fields, place),
        _ => Some(format!("{place} has another shape")),
    }
}

fn fields_violation(
    described: &Map<String, Value>,
    fields: &Map<String, Value>,
    place: &str,
) -> Option<String> {
    let missing =
        described.keys().find(|key| *key != "*" && !key.ends_with('?') && !fields.contains_key(*key));
    if let Some(missing) = missing {
        return Some(format!("{place} lacks {missing}"));
    }
    fields.iter().find_map(|(key, value)| {
        let known =
            described.get(key).or_else(|| described.get(&format!("{key}?"))).or_else(|| described.get("*"));
        match known {
            Some(known) => violation(known, value, &format!("{place}.{key}")),
            None => Some(format!("{place} has {key}, which is not documented")),
        }
    })
}
