//! The size of label sets, and the cutting of those that are too large.

use std::collections::BTreeMap;

use model::{AttributeValue, Attributes};

use super::accepted_series::SERVICE;

/// The text that replaces what was cut.
const CUT_MARKER: &str = "… [cut]";

/// Returns the bytes of the names and values of attributes.
fn label_bytes(attributes: &Attributes) -> usize {
    attributes.0.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::String(text) => text.len(),
        AttributeValue::Array(values) => values.iter().map(|value| 2 + value_bytes(value)).sum(),
        AttributeValue::Map(values) => {
            values.iter().map(|(name, value)| 4 + name.len() + value_bytes(value)).sum()
        }
        AttributeValue::Null
        | AttributeValue::Bool(_)
        | AttributeValue::Int(_)
        | AttributeValue::Double(_) => 8,
    }
}

/// Returns the attributes within `limit` bytes, and the number of values that were cut or dropped.
/// None if they are within it already.
///
/// The longest values are cut to one length. If the names alone exceed the limit, the last
/// attributes are dropped.
pub(crate) fn cut(attributes: &Attributes, limit: usize) -> Option<(Attributes, u64)> {
    if label_bytes(attributes) <= limit {
        return None;
    }
    let mut stays: BTreeMap<&str, &AttributeValue> = BTreeMap::new();
    let (mut names, mut changed) = (0, 0);
    // It identifies the sender, so it is cut last and not dropped.
    let service = attributes.0.get_key_value(SERVICE);
    for (name, value) in service.into_iter().chain(attributes.0.iter().filter(|(name, _)| *name != SERVICE)) {
        let needed = name.len() + value_bytes(value).min(CUT_MARKER.len());
        if names + needed > limit && name != SERVICE {
            changed += 1;
            continue;
        }
        names += needed;
        stays.insert(name, value);
    }
    let max = longest_value(&stays, limit);
    let cut = stays.into_iter().map(|(name, value)| {
        if value_bytes(value) <= max.max(CUT_MARKER.len()) {
            return (name.to_owned(), value.clone());
        }
        changed += 1;
        let text = value.to_string();
        let end = text.floor_char_boundary(max.saturating_sub(CUT_MARKER.len()));
        (name.to_owned(), AttributeValue::String(format!("{}{CUT_MARKER}", &text[..end])))
    });
    let cut = Attributes(cut.collect());
    Some((cut, changed))
}

/// Returns the length to which the longest values are cut so that all fit into `limit`.
fn longest_value(attributes: &BTreeMap<&str, &AttributeValue>, limit: usize) -> usize {
    let mut left = limit.saturating_sub(attributes.keys().map(|name| name.len()).sum());
    let mut lengths: Vec<usize> = attributes.values().map(|value| value_bytes(value)).collect();
    lengths.sort_unstable();
    let mut remaining = lengths.len();
    for length in lengths {
        let share = left / remaining;
        if length > share {
            return share;
        }
        left -= length;
        remaining -= 1;
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_values_are_cut_and_marked() {
        let attributes = Attributes::new()
            .with("service.name", "shop")
            .with("short", "value")
            .with("long", "ä".repeat(5_000))
            .with("longer", "x".repeat(50_000))
            .with("count", 5);
        assert_eq!(cut(&attributes, 100_000), None);
        let (bounded, changed) = cut(&attributes, 1_000).unwrap();
        assert_eq!(changed, 2);
        assert!((900..=1_000).contains(&label_bytes(&bounded)), "{}", label_bytes(&bounded));
        assert_eq!((bounded.text("short"), bounded.text("service.name")), (Some("value"), Some("shop")));
        assert!(bounded.text("long").unwrap().ends_with(CUT_MARKER));
        assert_eq!(bounded.0["count"], AttributeValue::Int(5));
        assert_eq!(cut(&attributes, 1_000).unwrap().0, bounded, "the same each time");
    }

    #[test]
    fn too_many_names_are_dropped_but_the_service() {
        let mut attributes: Attributes =
            (0..1_000).map(|number| (format!("key.{number:04}"), "value")).collect();
        attributes = attributes.with("service.name", "shop");
        let (bounded, changed) = cut(&attributes, 500).unwrap();
        assert!(label_bytes(&bounded) <= 500);
        assert_eq!(bounded.text("service.name"), Some("shop"));
        assert_eq!(changed as usize, attributes.0.len() - bounded.0.len());
    }
}
