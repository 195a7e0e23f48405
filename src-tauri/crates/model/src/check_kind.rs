//! The kind of a health check with its settings, as the store and the wire carry it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

/// The kind of a health check with its settings: a JSON object whose field `type` names the kind.
///
/// Only the crate `checks` reads the settings; all other crates pass them on unchanged. Passwords
/// are not here: they are stored in the keyring under the check's id. TypeScript takes the union of
/// all kinds from the registry of `checks` instead of this declaration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckKind {
    #[serde(rename = "type")]
    name: String,
    #[serde(flatten)]
    #[ts(skip)]
    settings: Map<String, Value>,
}

impl CheckKind {
    /// Creates a kind from a JSON object; none if it has no field `type` with a text.
    pub fn from_value(value: Value) -> Option<Self> {
        let Value::Object(mut settings) = value else { return None };
        let Value::String(name) = settings.remove("type")? else { return None };
        Some(Self { name, settings })
    }

    /// Returns the name of the kind, such as `http`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the settings without the field `type`.
    pub fn settings(&self) -> &Map<String, Value> {
        &self.settings
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_pass_unchanged() {
        let value = json!({"type": "http", "url": "https://shop/", "expected_status": [200], "body": null});
        let kind: CheckKind = serde_json::from_value(value.clone()).unwrap();
        assert_eq!((kind.name(), kind.settings().len()), ("http", 3));
        assert_eq!(CheckKind::from_value(value.clone()).as_ref(), Some(&kind));
        assert_eq!(serde_json::to_value(&kind).unwrap(), value);
        assert_eq!(CheckKind::from_value(json!({"type": 1})), None);
    }
}
