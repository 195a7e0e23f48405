//! Samples and histogram points of heads and segments as one table of a statement, each point once.
//!
//! This is slower than [`super::read::merge`] and serves reads that run in the database as a whole.

use std::path::Path;

use super::{head, sample_columns};
use crate::{
    StoreError,
    database::{paths::path_text, sql::quote},
    read::reader::Reader,
    segment::{manifest::Manifest, signal::SegmentSignal},
};

/// The columns of a histogram point after its series and time.
pub(crate) const POINT: &str = "start_time, count, sum, min, max, bounds, counts, scale, zero_threshold, \
    zero_count, positive_offset, negative_offset, negative_counts, quantile_values";

/// Returns the points of a file of samples, decoded by the database as [`super::sample_codec`]
/// does.
fn decoded(file: &str) -> String {
    format!(
        "(SELECT series_id, time, start_time, value, 0 AS arrival FROM (SELECT series_id, \
           coalesce(start, start_time) AS start_time, \
           CAST(first_time + sum(time_step) OVER points AS BIGINT) AS time, \
           CASE WHEN decimals IS NULL THEN number \
             ELSE CAST(first_number + sum(step) OVER points AS BIGINT) / power(10, decimals) END AS value \
         FROM (SELECT series_id, file_row_number, first_time, first_number, decimals, start_time, \
             unnest(start_times) AS start, \
             generate_subscripts(time_steps, 1) AS nth, unnest(time_steps) AS time_step, \
             unnest(numbers) AS step, unnest(doubles) AS number \
           FROM {}) \
         WINDOW points AS (PARTITION BY file_row_number ORDER BY nth)))",
        sample_columns::table(file)
    )
}

/// Returns a table with `series_id`, `time`, `start_time` and `value`.
pub(crate) fn samples(
    reader: &Reader,
    manifest: &Manifest,
    start: i64,
    end: i64,
) -> Result<String, StoreError> {
    let head = |id: &u64| format!("(SELECT *, rowid AS arrival FROM {})", head::samples(*id));
    let sources = sources(reader, manifest, SegmentSignal::Samples, start, end, decoded, head)?;
    Ok(each_once(&sources, "start_time, value", start, end))
}

/// Returns a table with `series_id`, `time` and the columns of [`POINT`].
pub(crate) fn histograms(
    reader: &Reader,
    manifest: &Manifest,
    start: i64,
    end: i64,
) -> Result<String, StoreError> {
    Ok(each_once(&histogram_sources(reader, manifest, start, end)?, POINT, start, end))
}

/// Returns the tables of histogram points in the order of writing. `arrival` orders the points of
/// one table.
pub(crate) fn histogram_sources(
    reader: &Reader,
    manifest: &Manifest,
    start: i64,
    end: i64,
) -> Result<Vec<String>, StoreError> {
    let head = |id: &u64| histogram_head(*id);
    sources(reader, manifest, SegmentSignal::Histograms, start, end, one_file, head)
}

fn one_file(path: &str) -> String {
    format!("(SELECT *, 0 AS arrival FROM read_parquet({path}))")
}

/// Returns a file of histogram points as a source.
pub(crate) fn histogram_file(path: &Path) -> Result<String, StoreError> {
    Ok(one_file(&quote(path_text(path)?)))
}

/// Returns a head's histogram points as a source.
pub(crate) fn histogram_head(head: u64) -> String {
    format!("(SELECT *, rowid AS arrival FROM {})", head::histogram_points(head))
}

fn sources(
    reader: &Reader,
    manifest: &Manifest,
    signal: SegmentSignal,
    start: i64,
    end: i64,
    file_source: impl Fn(&str) -> String,
    head_source: impl Fn(&u64) -> String,
) -> Result<Vec<String>, StoreError> {
    let mut sources = Vec::new();
    for file in manifest.points(signal, start, end) {
        if reader.can_read(file) {
            sources.push(file_source(&quote(path_text(&file.info.path)?)));
        }
    }
    sources.extend(manifest.heads.iter().map(head_source));
    Ok(sources)
}

fn each_once(sources: &[String], columns: &str, start: i64, end: i64) -> String {
    format!(
        "(SELECT series_id, time, {columns} FROM ({}) \
         QUALIFY row_number() OVER (PARTITION BY series_id, time ORDER BY rank DESC, arrival DESC) = 1)",
        union(sources, columns, &format!("time >= {start} AND time < {end}"))
    )
}

/// Returns all points of the sources that meet a condition. `rank` and `arrival` order them by
/// writing.
pub(crate) fn union(sources: &[String], columns: &str, condition: &str) -> String {
    let selects: Vec<String> = sources
        .iter()
        .enumerate()
        .map(|(rank, source)| {
            format!(
                "SELECT series_id, time, {columns}, {rank} AS rank, arrival FROM {source} WHERE {condition}"
            )
        })
        .collect();
    selects.join(" UNION ALL ")
}
