//! The settings file on disk. All functions block and belong on a blocking thread.

use std::{fs, io, path::Path};

use parking_lot::Mutex;
use runtime::{replace_file, replace_private_file};

use crate::{
    DEFAULT_TEXT, LogFile, ScrapeTarget, Sentry, Settings, SettingsError, document, document::table_from,
    migration, parse,
};

/// Maximum size of the file, far above any file that people write.
const MAX_BYTES: u64 = 1024 * 1024;

/// Lock of the file: two edits at once would start from the same text, and one would be lost.
static EDIT_LOCK: Mutex<()> = Mutex::new(());

/// Reads the settings file.
pub fn load(path: &Path) -> Result<Settings, SettingsError> {
    parse(&read_text(path)?)
}

/// Reads the settings file, and creates it with [`DEFAULT_TEXT`] if it is missing.
///
/// Names of earlier versions in the file are replaced by the current ones.
pub fn load_or_create(path: &Path) -> Result<Settings, SettingsError> {
    let _editing = EDIT_LOCK.lock();
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(path, DEFAULT_TEXT)?;
            Ok(Settings::default())
        }
        _ => {
            let text = read_text(path)?;
            let settings = parse(&text)?;
            if let Some(current) = migration::current_text(&text)
                && let Err(error) = replace(path, &current)
            {
                tracing::warn!(%error, "could not replace old names in the settings file, they remain valid");
            }
            Ok(settings)
        }
    }
}

/// Reads the settings file like [`load_or_create`], and writes a copy of its text to `copy`. If the
/// file is invalid, or was emptied since, the copy is read instead.
///
/// Returns the settings, and the error of the file if they are those of the copy.
pub fn load_or_last_valid(
    path: &Path,
    copy: &Path,
) -> Result<(Settings, Option<SettingsError>), SettingsError> {
    let last = fs::read_to_string(copy).ok();
    let is_emptied = is_blank(&read_text(path)) && last.as_ref().is_some_and(|last| !last.trim().is_empty());
    let loaded = if is_emptied { Err(emptied()) } else { load_or_create(path) };
    match (loaded, last.map(|last| parse(&last))) {
        (Ok(settings), _) => {
            copy_valid(path, copy);
            Ok((settings, None))
        }
        (Err(error), Some(Ok(settings))) => Ok((settings, Some(error))),
        (Err(error), _) => Err(error),
    }
}

/// Writes the text of a valid settings file to `copy`, if it differs. A failure is logged only.
pub fn copy_valid(path: &Path, copy: &Path) {
    let Ok(text) = read_text(path) else { return };
    if parse(&text).is_err() || fs::read_to_string(copy).is_ok_and(|before| before == text) {
        return;
    }
    if let Err(error) = replace_private_file(copy, text.as_bytes()) {
        tracing::warn!(%error, "the settings were not copied");
    }
}

/// Returns whether a text was read and has no content.
pub(crate) fn is_blank(text: &Result<String, SettingsError>) -> bool {
    text.as_ref().is_ok_and(|text| text.trim().is_empty())
}

/// Returns the error of a file that lost its content.
pub(crate) fn emptied() -> SettingsError {
    SettingsError::unpositioned(
        "the settings file is empty; to use the defaults, write a comment into it".to_owned(),
    )
}

/// Replaces the settings file with `text` in one step and retains its permissions. An invalid text
/// changes nothing.
pub fn write_text(path: &Path, text: &str) -> Result<Settings, SettingsError> {
    let _editing = EDIT_LOCK.lock();
    write_valid(path, text)
}

/// Sets one value by its name, such as `host.interval_seconds` or `scrape.0.url`. Comments and
/// order stay. `null` removes a list entry, or a value so that its default applies.
pub fn set_value(path: &Path, key: &str, value: serde_json::Value) -> Result<Settings, SettingsError> {
    change(path, |text| document::with_value(text, &migration::current_key(key), &value))
}

/// Returns the settings that [`set_value`] would put into the file. Changes nothing.
pub fn preview_value(path: &Path, key: &str, value: &serde_json::Value) -> Result<Settings, SettingsError> {
    parse(&document::with_value(&editable_text(path)?, &migration::current_key(key), value)?)
}

/// Adds a `[[scrape]]` section.
pub fn add_scrape_target(path: &Path, target: ScrapeTarget) -> Result<Settings, SettingsError> {
    let defaults = ScrapeTarget::new(&target.name, &target.url);
    let mut entry = serde_json::json!({ "name": target.name, "url": target.url });
    if target.interval_seconds != defaults.interval_seconds {
        entry["interval_seconds"] = target.interval_seconds.into();
    }
    if target.timeout_seconds != defaults.timeout_seconds {
        entry["timeout_seconds"] = target.timeout_seconds.into();
    }
    if !target.labels.is_empty() {
        entry["labels"] = serde_json::json!(target.labels);
    }
    add_entry(path, "scrape", &entry)
}

/// Adds a `[[log_file]]` section.
pub fn add_log_file(path: &Path, file: LogFile) -> Result<Settings, SettingsError> {
    let mut entry = serde_json::json!({ "path": file.path });
    if !file.service.is_empty() {
        entry["service"] = file.service.into();
    }
    if file.from_start {
        entry["from_start"] = true.into();
    }
    add_entry(path, "log_file", &entry)
}

/// Adds a `[[sentry]]` section, or replaces the one of the same name.
pub fn put_sentry(path: &Path, sentry: &Sentry) -> Result<Settings, SettingsError> {
    let defaults = serde_json::to_value(Sentry::new(&sentry.name, &sentry.url));
    let (Ok(serde_json::Value::Object(mut entry)), Ok(defaults)) = (serde_json::to_value(sentry), defaults)
    else {
        return Err(SettingsError::unpositioned("the installation cannot be written as settings".to_owned()));
    };
    entry.retain(|key, value| key == "name" || key == "url" || defaults.get(key) != Some(value));
    let entry = serde_json::Value::Object(entry);
    let (name, table) = (sentry.name.clone(), table_from(&entry).map_err(SettingsError::unpositioned)?);
    change(path, move |text| match position_of(text, &name)? {
        Some(index) => document::with_value(text, &format!("sentry.{index}"), &entry),
        None => document::with_entry(text, "sentry", table),
    })
}

/// Removes the `[[sentry]]` section `name` if it exists.
pub fn remove_sentry(path: &Path, name: &str) -> Result<Settings, SettingsError> {
    change(path, |text| match position_of(text, name)? {
        Some(index) => document::with_value(text, &format!("sentry.{index}"), &serde_json::Value::Null),
        None => Ok(text.to_owned()),
    })
}

fn position_of(text: &str, name: &str) -> Result<Option<usize>, SettingsError> {
    Ok(parse(text)?.sentry.iter().position(|one| one.name == name))
}

fn add_entry(path: &Path, list: &str, entry: &serde_json::Value) -> Result<Settings, SettingsError> {
    change(path, |text| {
        document::with_entry(text, list, table_from(entry).map_err(SettingsError::unpositioned)?)
    })
}

fn change(
    path: &Path,
    edit: impl FnOnce(&str) -> Result<String, SettingsError>,
) -> Result<Settings, SettingsError> {
    let _editing = EDIT_LOCK.lock();
    write_valid(path, &edit(&editable_text(path)?)?)
}

/// Reads the text that an edit begins with: the file with current names, or the defaults.
fn editable_text(path: &Path) -> Result<String, SettingsError> {
    let text = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => DEFAULT_TEXT.to_owned(),
        _ => read_text(path)?,
    };
    Ok(migration::current_text(&text).unwrap_or(text))
}

fn write_valid(path: &Path, text: &str) -> Result<Settings, SettingsError> {
    let settings = parse(text)?;
    replace(path, text)?;
    Ok(settings)
}

/// Reads the text of the settings file.
pub(crate) fn read_text(path: &Path) -> Result<String, SettingsError> {
    let failed = |error: io::Error| {
        SettingsError::unpositioned(format!("cannot read the settings file {}: {error}", path.display()))
    };
    let length = fs::metadata(path).map_err(failed)?.len();
    if length > MAX_BYTES {
        return Err(failed(io::Error::other(format!("it has {length} bytes, more than {MAX_BYTES}"))));
    }
    let bytes = fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        SettingsError::at(&text, valid, "the text is not UTF-8".to_owned())
    })
}

fn replace(path: &Path, text: &str) -> Result<(), SettingsError> {
    replace_file(path, text.as_bytes()).map_err(|error| {
        SettingsError::unpositioned(format!("cannot write the settings file {}: {error}", path.display()))
    })
}
