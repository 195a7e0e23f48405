//! Small private files of JSON whose first line is their checksum.

use std::{fs, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use xxhash_rust::xxh3::xxh3_128;

use crate::StoreError;

/// Returns the content of a file for a value.
pub(crate) fn encode(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| StoreError::Database(error.to_string()))?;
    Ok(format!("{:032x}\n{text}\n", xxh3_128(text.as_bytes())).into_bytes())
}

/// Reads a file. Returns none if it is missing or damaged.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let content = match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        read => read,
    };
    let value = content.ok().and_then(|content| {
        let (stored, text) = content.split_once('\n')?;
        let text = text.strip_suffix('\n')?;
        let is_whole = format!("{:032x}", xxh3_128(text.as_bytes())) == stored;
        is_whole.then(|| serde_json::from_str(text).ok())?
    });
    if value.is_none() {
        tracing::warn!(file = %path.display(), "file is damaged and not used, it is written again");
    }
    value
}
