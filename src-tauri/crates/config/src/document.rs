//! Edits of the text of a settings file that keep its comments and its order.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use crate::SettingsError;

/// Returns `text` with the value at `key` (`section.name`, `scrape.0.url`) replaced.
///
/// `null` removes the value, so that its default applies. Missing sections are added.
pub(crate) fn with_value(text: &str, key: &str, value: &serde_json::Value) -> Result<String, SettingsError> {
    let mut document = read(text)?;
    let parts: Vec<&str> = key.split('.').collect();
    let Some((last, folders)) = parts.split_last().filter(|_| parts.iter().all(|part| !part.is_empty()))
    else {
        return Err(SettingsError::unpositioned(format!("`{key}` is not the name of a setting")));
    };
    let mut item = document.as_item_mut();
    for part in folders {
        item = enter(item, part)
            .ok_or_else(|| SettingsError::unpositioned(format!("there is no `{part}` in `{key}`")))?;
    }
    replace(item, last, value)
        .map_err(|reason| SettingsError::unpositioned(format!("cannot set `{key}`: {reason}")))?;
    Ok(document.to_string())
}

/// Returns `text` with one more `[[list]]` entry at the end.
pub(crate) fn with_entry(text: &str, list: &str, mut entry: Table) -> Result<String, SettingsError> {
    let mut document = read(text)?;
    // Comments at the end of the file would otherwise come after the new section.
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    let separator = if trailing.is_empty() || trailing.ends_with('\n') { "\n" } else { "\n\n" };
    entry.decor_mut().set_prefix(format!("{trailing}{separator}"));
    document.set_trailing("");
    let item = document.as_table_mut().entry(list).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    match item {
        Item::ArrayOfTables(entries) => entries.push(entry),
        Item::Value(Value::Array(entries)) => entries.push(entry.into_inline_table()),
        _ => return Err(SettingsError::unpositioned(format!("`{list}` is not a list"))),
    }
    Ok(document.to_string())
}

fn read(text: &str) -> Result<DocumentMut, SettingsError> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let start = error.span().map_or(0, |span| span.start);
        SettingsError::at(text, start, error.message().trim().replace('\n', ", "))
    })
}

fn enter<'a>(item: &'a mut Item, part: &str) -> Option<&'a mut Item> {
    match part.parse::<usize>() {
        Ok(index) => item.get_mut(index),
        Err(_) => match item {
            Item::Table(table) => Some(table.entry(part).or_insert(Item::Table(Table::new()))),
            other => other.get_mut(part),
        },
    }
}

fn replace(item: &mut Item, key: &str, value: &serde_json::Value) -> Result<(), String> {
    if let Ok(index) = key.parse::<usize>() {
        return replace_entry(item, index, value);
    }
    let table = item.as_table_like_mut().ok_or("it is not a section")?;
    if value.is_null() {
        table.remove(key);
        return Ok(());
    }
    let mut new = item_from(value)?;
    // A comment behind the old value belongs to the setting, so it moves to the new value.
    if let (Some(old), Some(new)) = (table.get(key).and_then(Item::as_value), new.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    match table.get_mut(key) {
        Some(old) => *old = new,
        None => {
            table.insert(key, new);
        }
    }
    Ok(())
}

fn replace_entry(item: &mut Item, index: usize, value: &serde_json::Value) -> Result<(), String> {
    let length = match &*item {
        Item::ArrayOfTables(entries) => entries.len(),
        Item::Value(Value::Array(entries)) => entries.len(),
        _ => return Err("it is not a list".to_owned()),
    };
    if index >= length {
        return Err(format!("the list has {length} entries"));
    }
    match item {
        Item::ArrayOfTables(entries) if value.is_null() => {
            entries.remove(index);
        }
        Item::ArrayOfTables(entries) => {
            entries.replace(index, table_from(value)?);
        }
        Item::Value(Value::Array(entries)) if value.is_null() => {
            entries.remove(index);
        }
        Item::Value(Value::Array(entries)) => {
            entries.replace(index, value_from(value)?);
        }
        _ => return Err("it is not a list".to_owned()),
    }
    Ok(())
}

/// Converts lists of objects to `[[sections]]`, objects to `[sections]` and the rest to values.
fn item_from(value: &serde_json::Value) -> Result<Item, String> {
    match value {
        serde_json::Value::Array(entries) if !entries.is_empty() && entries.iter().all(|e| e.is_object()) => {
            let mut tables = ArrayOfTables::new();
            for entry in entries {
                tables.push(table_from(entry)?);
            }
            Ok(Item::ArrayOfTables(tables))
        }
        serde_json::Value::Object(_) => Ok(Item::Table(table_from(value)?)),
        plain => Ok(Item::Value(value_from(plain)?)),
    }
}

/// Returns a section with the named values of `value`. Nested values are written in one line.
pub(crate) fn table_from(value: &serde_json::Value) -> Result<Table, String> {
    let serde_json::Value::Object(entries) = value else {
        return Err("expected a section".to_owned());
    };
    let mut table = Table::new();
    for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
        table.insert(key, Item::Value(value_from(value)?));
    }
    Ok(table)
}

fn value_from(value: &serde_json::Value) -> Result<Value, String> {
    Ok(match value {
        serde_json::Value::Null => return Err("null is allowed for a whole setting only".to_owned()),
        serde_json::Value::Bool(value) => Value::from(*value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(fraction)) => Value::from(fraction),
            (None, None) => return Err(format!("the number {number} is too large")),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(entries) => {
            Value::Array(entries.iter().map(value_from).collect::<Result<Array, String>>()?)
        }
        serde_json::Value::Object(entries) => {
            let mut table = InlineTable::new();
            for (key, value) in entries {
                table.insert(key, value_from(value)?);
            }
            Value::InlineTable(table)
        }
    })
}
