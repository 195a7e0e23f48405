//! Names of settings from earlier versions.
//!
//! A file with old names stays valid: `serde` reads them as aliases. The first start and every edit
//! write the current names, and retain comments and order.

use toml_edit::{DocumentMut, Item, Key, Table};

/// Renamed sections: old and current name.
const SECTIONS: [(&str, &str); 1] = [("own", "self_metrics")];
/// Renamed keys of list entries: list, old and current name.
const ENTRY_KEYS: [(&str, &str, &str); 1] = [("sentry", "leave_out", "exclude")];

/// Returns the old name of a section or key.
pub(crate) fn old_name(current: &str) -> Option<&'static str> {
    SECTIONS
        .into_iter()
        .chain(ENTRY_KEYS.map(|(_, old, current)| (old, current)))
        .find(|(_, name)| *name == current)
        .map(|(old, _)| old)
}

/// Returns the current name of a setting such as `own.interval_seconds` or `sentry.0.leave_out`.
pub(crate) fn current_key(key: &str) -> String {
    let mut parts: Vec<&str> = key.split('.').collect();
    for (old, current) in SECTIONS {
        if parts.first() == Some(&old) {
            parts[0] = current;
        }
    }
    for (list, old, current) in ENTRY_KEYS {
        if parts.first() == Some(&list) && parts.get(2) == Some(&old) {
            parts[2] = current;
        }
    }
    parts.join(".")
}

/// Returns `text` with current names. None if it has no old names, both names of a setting, or
/// mistakes in its syntax.
pub(crate) fn current_text(text: &str) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let mut changed = false;
    for (old, current) in SECTIONS {
        changed |= rename(document.as_table_mut(), old, current);
    }
    for (list, old, current) in ENTRY_KEYS {
        if let Some(Item::ArrayOfTables(entries)) = document.get_mut(list) {
            for entry in entries.iter_mut() {
                changed |= rename(entry, old, current);
            }
        }
    }
    changed.then(|| document.to_string())
}

fn rename(table: &mut Table, old: &str, current: &str) -> bool {
    if table.contains_key(current) {
        return false;
    }
    let Some((key, item)) = table.remove_entry(old) else { return false };
    let renamed = Key::new(current)
        .with_leaf_decor(key.leaf_decor().clone())
        .with_dotted_decor(key.dotted_decor().clone());
    table.insert_formatted(&renamed, item);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_current_with_comments_and_order_kept() {
        let old = "# mine\n[own] # self\n# often\ninterval_seconds = 3 # s\n\n[log]\nlevel = \"warn\"\n";
        assert_eq!(current_text(old).unwrap(), old.replace("[own]", "[self_metrics]"));
        let old = "[[sentry]]\nname = \"a\"\n# not these\nleave_out = [\"issues\"] # yet\n";
        assert_eq!(current_text(old).unwrap(), old.replace("leave_out", "exclude"));
        assert_eq!(
            current_text("own.interval_seconds = 3\n").unwrap(),
            "self_metrics.interval_seconds = 3\n"
        );
    }

    #[test]
    fn other_texts_are_left_alone() {
        for text in ["", "[log]\nlevel = \"warn\"\n", "[own\n", "[own]\n[self_metrics]\n", "[[log_file]]\n"] {
            assert_eq!(current_text(text), None, "{text}");
        }
    }

    #[test]
    fn keys_of_settings_are_current() {
        assert_eq!(current_key("own.interval_seconds"), "self_metrics.interval_seconds");
        assert_eq!(current_key("own"), "self_metrics");
        assert_eq!(current_key("sentry.0.leave_out"), "sentry.0.exclude");
        assert_eq!(current_key("host.own"), "host.own");
        assert_eq!(old_name("exclude"), Some("leave_out"));
        assert_eq!(old_name("host"), None);
    }
}
