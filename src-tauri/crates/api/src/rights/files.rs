//! The files that settings name.

use serde_json::Value;

/// Returns the files that an entry of the settings or a check names, at any depth: the texts of the
/// keys `file`, `files` and those that end with `_file`. The latter is the rule for new keys.
pub(super) fn named(settings: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(settings, &mut found);
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let names_file = key == "file" || key == "files" || key.ends_with("_file");
                if names_file { texts(value, found) } else { collect(value, found) }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, found)),
        _ => {}
    }
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.is_empty() => found.push(text.clone()),
        Value::Array(entries) => entries.iter().for_each(|entry| texts(entry, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_found_at_any_depth() {
        let settings = json!({
            "name": "x", "metrics_path": "/metrics", "ca_file": "", "token_file": "/t",
            "tls_config": {"key_file": "/k", "min_version": ""},
            "http_sd_configs": [{"basic_auth": {"password_file": "/p"}}],
            "file_sd_configs": [{"files": ["/a", "/b*"], "refresh_interval": "5m"}],
        });
        let mut found = named(&settings);
        found.sort();
        assert_eq!(found, ["/a", "/b*", "/k", "/p", "/t"]);
    }
}
