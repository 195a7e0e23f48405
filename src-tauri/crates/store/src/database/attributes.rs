//! Attributes as the JSON text they are stored as.

use model::Attributes;

/// Parses attributes. Text that is nested too deep to be parsed becomes the value of one attribute,
/// so that the record remains readable.
pub(crate) fn parse_attributes(text: &str) -> Attributes {
    if text == "{}" {
        return Attributes::new();
    }
    serde_json::from_str(text).unwrap_or_else(|_| Attributes::new().with("attributes", text))
}
