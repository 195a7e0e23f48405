//! From the saved settings of a check to its kind and back.

use model::CheckKind;

use crate::{
    error::CheckError,
    kinds::{AnyKind, KindDescription},
};

/// Returns every kind of check with its label and the settings of a new check.
pub fn kinds() -> Vec<KindDescription> {
    AnyKind::descriptions()
}

/// Returns the target of a check for people: an address without user or password. A check of an
/// unknown kind has the name of its kind instead.
pub fn target(kind: &CheckKind) -> String {
    parse(kind).map_or_else(|_| kind.name().to_owned(), |kind| kind.target())
}

/// Parses saved settings. The error names the kind or the field that is wrong.
pub(crate) fn parse(kind: &CheckKind) -> Result<AnyKind, CheckError> {
    let name = kind.name();
    match AnyKind::parse(name, kind.settings().clone()) {
        Some(Ok(parsed)) => Ok(parsed),
        Some(Err(error)) => Err(CheckError::Invalid(match error.path().to_string().as_str() {
            "." => format!("the {name} check: {}", error.inner()),
            field => format!("the {name} check, field {field}: {}", error.inner()),
        })),
        None => Err(CheckError::Invalid(format!(
            "there is no check kind {name:?}; the kinds are {}",
            AnyKind::NAMES.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn kind(value: Value) -> CheckKind {
        serde_json::from_value(value).unwrap()
    }

    fn rejection(value: Value) -> String {
        parse(&kind(value)).unwrap_err().to_string()
    }

    #[test]
    fn saved_checks_of_the_first_version_read_unchanged() {
        let saved = [
            json!({"type": "http", "url": "https://shop/", "method": "GET", "expected_status": [200],
                "body_contains": null, "certificate_days": 14}),
            json!({"type": "tcp", "host": "db", "port": 5432}),
            json!({"type": "postgres", "host": "db", "port": 5432, "database": "orders", "user": "ann",
                "query": "SELECT 1", "tls": true}),
            json!({"type": "redis", "host": "cache", "port": 6379, "database": 2, "user": null, "tls": false}),
        ];
        for saved in saved {
            let parsed = parse(&kind(saved.clone())).unwrap();
            let written = serde_json::to_value(CheckKind::from(&parsed)).unwrap();
            // Fields that were added later are written with their defaults.
            for (field, value) in saved.as_object().unwrap() {
                assert_eq!(&written[field], value, "{field}");
            }
            let mut added =
                written.as_object().unwrap().iter().filter(|(field, _)| saved.get(*field).is_none());
            assert!(added.all(|(_, value)| value.is_null() || value == false), "{written}");
        }
        // Checks saved before certificates were measured have no such field.
        let older = json!({"type": "http", "url": "https://shop/", "method": "GET", "expected_status": [],
            "body_contains": null});
        assert!(parse(&kind(older)).is_ok());
    }

    #[test]
    fn unknown_kinds_and_fields_are_rejected_by_name() {
        let unknown = rejection(json!({"type": "htp", "url": "http://a"}));
        assert!(unknown.starts_with("there is no check kind \"htp\"; the kinds are http, tcp"), "{unknown}");
        let field = rejection(json!({"type": "tcp", "host": "a", "prot": 1}));
        assert!(field.contains("tcp check") && field.contains("unknown field `prot`"), "{field}");
        let missing = rejection(json!({"type": "tcp", "host": "a"}));
        assert!(missing.contains("missing field `port`"), "{missing}");
        let wrong = rejection(json!({"type": "tcp", "host": "a", "port": 70_000}));
        assert!(wrong.starts_with("the tcp check, field port: invalid value"), "{wrong}");
    }

    #[test]
    fn every_kind_is_described_by_its_saved_name() {
        for described in kinds() {
            let defaults = serde_json::to_value(&described.defaults).unwrap();
            assert_eq!(defaults["type"], json!(described.name));
            assert!(parse(&kind(defaults)).is_ok() && !described.label.is_empty());
        }
    }
}
