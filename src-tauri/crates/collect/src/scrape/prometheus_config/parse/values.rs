//! Values of `prometheus.yml`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use model::parse_duration;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::scrape::yaml::without_values;

/// Returns true for a value without content.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// Removes a section; an absent one is empty.
pub(super) fn section(whole: &mut Map<String, Value>, key: &str) -> Result<Map<String, Value>, String> {
    match whole.remove(key) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(section)) => Ok(section),
        Some(_) => Err(format!("{key} is not a mapping")),
    }
}

/// Returns the valid entries of a list; invalid entries become problems.
pub(super) fn entries<T: DeserializeOwned>(
    config: &mut Map<String, Value>,
    key: &str,
    job: &str,
    problems: &mut Vec<String>,
) -> Vec<T> {
    entries_with(config, key, job, problems, |entry| read(key, entry))
}

/// Removes a list and converts its entries with `read`; invalid entries become problems.
pub(super) fn entries_with<T>(
    config: &mut Map<String, Value>,
    key: &str,
    job: &str,
    problems: &mut Vec<String>,
    read: impl Fn(Value) -> Result<T, String>,
) -> Vec<T> {
    let listed = match config.remove(key) {
        None => Vec::new(),
        Some(Value::Array(listed)) => listed,
        Some(_) => {
            problems.push(format!("job {job:?}: {key} is not a list"));
            Vec::new()
        }
    };
    let mut entries = Vec::new();
    for entry in listed {
        match read(entry) {
            Ok(entry) => entries.push(entry),
            Err(problem) => problems.push(format!("job {job:?}: an entry is dropped: {problem}")),
        }
    }
    entries
}

/// Removes a value and converts it.
pub(super) fn typed<T: DeserializeOwned>(
    config: &mut Map<String, Value>,
    key: &str,
) -> Result<Option<T>, String> {
    config.remove(key).map(|value| read(key, value)).transpose()
}

/// Converts a value. The error has no values of the file.
pub(super) fn read<T: DeserializeOwned>(key: &str, value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("{key}: {}", without_values(&error.to_string())))
}

/// Returns the text of a scalar.
pub(super) fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => Err("expected text, found a list or a mapping".to_owned()),
    }
}

/// Removes a duration, which is above zero.
pub(super) fn duration(config: &mut Map<String, Value>, key: &str) -> Result<Option<Duration>, String> {
    let Some(value) = config.remove(key) else { return Ok(None) };
    let duration = parse_duration(&text(value)?).filter(|duration| !duration.is_zero());
    duration.map(Some).ok_or_else(|| format!("{key} is not a duration such as 30s or 5m"))
}

/// Parses a number of bytes such as `10MB`. Units are multiples of 1024.
pub(super) fn size(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let power = match unit {
        "" | "B" => 0,
        "KB" | "KiB" => 1,
        "MB" | "MiB" => 2,
        "GB" | "GiB" => 3,
        "TB" | "TiB" => 4,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1024_usize.checked_pow(power)?)
}

/// Resolves a path against `folder`.
pub(super) fn absolute(folder: &Path, path: &str) -> PathBuf {
    folder.join(path)
}
