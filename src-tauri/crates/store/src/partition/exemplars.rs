//! Exemplars of files and of the table that takes what comes, as one table of a statement.

use crate::{
    StoreError,
    layout::{Layout, PartitionSignal},
    open::{path_text, quote},
    read::trace_id_text,
    reader::Reader,
};

/// What tells of an exemplar beside its series.
pub(crate) const NAMES: [&str; 5] = ["time", "exemplar_value", "trace_id", "span_id", "exemplar_attributes"];

/// Exemplars of a table, with the columns of files: identifiers as hexadecimal text.
pub(crate) fn in_table(table: &str) -> String {
    format!(
        "(SELECT series_id, time, value AS exemplar_value, {} AS trace_id, \
         lpad(lower(to_hex(span_id)), 16, '0') AS span_id, attributes AS exemplar_attributes FROM {table})",
        trace_id_text("trace_id")
    )
}

/// Exemplars of a file.
pub(crate) fn in_file(path: &std::path::Path) -> Result<String, StoreError> {
    Ok(format!("read_parquet({})", quote(path_text(path)?)))
}

/// The exemplars of sources that meet a condition, each once: who sends one twice means the same.
pub(crate) fn union(sources: &[String], condition: &str) -> String {
    let columns = NAMES.join(", ");
    let each: Vec<String> = sources
        .iter()
        .map(|source| format!("SELECT DISTINCT series_id, {columns} FROM {source} WHERE {condition}"))
        .collect();
    format!("({})", each.join(" UNION "))
}

/// The exemplars with `start <= time < end` that meet a condition.
pub(crate) fn all(
    reader: &Reader,
    layout: &Layout,
    condition: &str,
    start: i64,
    end: i64,
) -> Result<String, StoreError> {
    let mut sources = vec![in_table("exemplars")];
    for file in layout.points(PartitionSignal::Exemplars, start, end) {
        if file.usable(reader) {
            sources.push(in_file(&file.info.path)?);
        }
    }
    Ok(union(&sources, &format!("time >= {start} AND time < {end} AND {condition}")))
}
