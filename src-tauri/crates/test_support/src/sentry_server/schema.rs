//! Validation of the test server's answers against the published schema in `schema.json`.

use serde_json::{Map, Value};

/// Returns the description of every endpoint.
pub(super) fn schema() -> Value {
    serde_json::from_str(include_str!("schema.json")).unwrap_or_default()
}

/// Returns the first violation of the schema in an answer, if there is one.
pub(super) fn violation(described: &Value, value: &Value, path: &str) -> Option<String> {
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
            (!fits).then(|| format!("{path} is {value}, not {kinds}"))
        }
        (Value::Array(described), Value::Array(entries)) => {
            let entry = described.first()?;
            let mut numbered = entries.iter().enumerate();
            numbered.find_map(|(index, value)| violation(entry, value, &format!("{path}[{index}]")))
        }
        (Value::Object(described), Value::Object(fields)) => fields_violation(described, fields, path),
        _ => Some(format!("{path} has another shape")),
    }
}

fn fields_violation(
    described: &Map<String, Value>,
    fields: &Map<String, Value>,
    path: &str,
) -> Option<String> {
    let missing =
        described.keys().find(|key| *key != "*" && !key.ends_with('?') && !fields.contains_key(*key));
    if let Some(missing) = missing {
        return Some(format!("{path} lacks {missing}"));
    }
    fields.iter().find_map(|(key, value)| {
        let known =
            described.get(key).or_else(|| described.get(&format!("{key}?"))).or_else(|| described.get("*"));
        match known {
            Some(known) => violation(known, value, &format!("{path}.{key}")),
            None => Some(format!("{path} has {key}, which is not documented")),
        }
    })
}
