//! Exemplars of segments and of the head as tables of a statement.

use std::path::Path;

use crate::{
    StoreError,
    database::{identifiers::trace_id_text, paths::path_text, sql::quote},
    read::reader::Reader,
    segment::{manifest::Manifest, signal::SegmentSignal},
};

/// The columns of an exemplar beside its series.
pub(crate) const NAMES: [&str; 5] = ["time", "exemplar_value", "trace_id", "span_id", "exemplar_attributes"];

/// Returns the exemplars of a head table with the columns of files: identifiers as hexadecimal
/// text.
pub(crate) fn in_table(table: &str) -> String {
    format!(
        "(SELECT series_id, time, value AS exemplar_value, {} AS trace_id, \
         lpad(lower(to_hex(span_id)), 16, '0') AS span_id, attributes AS exemplar_attributes FROM {table})",
        trace_id_text("trace_id")
    )
}

/// Returns the exemplars of a file.
pub(crate) fn in_file(path: &Path) -> Result<String, StoreError> {
    Ok(format!("read_parquet({})", quote(path_text(path)?)))
}

/// Returns the exemplars of sources that meet a condition. Duplicates count once.
pub(crate) fn union(sources: &[String], condition: &str) -> String {
    let columns = NAMES.join(", ");
    let each: Vec<String> = sources
        .iter()
        .map(|source| format!("SELECT DISTINCT series_id, {columns} FROM {source} WHERE {condition}"))
        .collect();
    format!("({})", each.join(" UNION "))
}

/// Returns the exemplars with `start <= time < end` that meet a condition.
pub(crate) fn all(
    reader: &Reader,
    manifest: &Manifest,
    condition: &str,
    start: i64,
    end: i64,
) -> Result<String, StoreError> {
    let mut sources = vec![in_table("exemplars")];
    for file in manifest.points(SegmentSignal::Exemplars, start, end) {
        if reader.can_read(file) {
            sources.push(in_file(&file.info.path)?);
        }
    }
    Ok(union(&sources, &format!("time >= {start} AND time < {end} AND {condition}")))
}
