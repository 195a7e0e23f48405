//! Rebuilding of the catalog from segments whose database is gone.
//!
//! Each segment file has its own metadata and the description of its series.

pub(crate) mod segment_content;

use std::{
    collections::HashMap,
    fs::{self, File},
    path::Path,
    sync::Arc,
};

use duckdb::{Config, Connection};
use model::{DataResolution, Series, SeriesId, TelemetryBatch, Timestamp};
use parking_lot::Mutex;

use self::segment_content::{FoundFile, SegmentContent, find_files, read_content};
use super::shrink::{self, FRESH};
use crate::{
    CardinalityLimits, StoreError,
    catalog::{renamed_series::rename, series_catalog::SeriesCatalog},
    database::{
        paths::{DATABASE, SEGMENTS, file_error, sync_folder},
        schema,
        sql::id_list,
    },
    integrity::quarantine::quarantine,
    metrics::head,
    segment::{
        plan::{NewSegment, SegmentPlan},
        table,
        tally::Tally,
        window,
    },
    write::{append::Appending, cardinality::CardinalityLimiter},
};

/// Creates a database for the segments of a folder that has none. Returns whether there were any.
///
/// Its head is opened at `now`. The database gets its name when it is complete. A crash before
/// leaves everything to the next start.
pub(crate) fn rebuild(
    folder: &Path,
    config: impl Fn() -> Result<Config, StoreError>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if find_files(&folder.join(SEGMENTS))?.is_empty() {
        return Ok(false);
    }
    tracing::warn!("found segments without a database, rebuilding the catalog");
    shrink::sweep(folder)?;
    build(folder, config, now)?;
    let fresh = folder.join(FRESH);
    let renamed = File::open(&fresh)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&fresh, folder.join(DATABASE)));
    renamed.map_err(|error| file_error(&fresh, &error))?;
    sync_folder(folder)?;
    Ok(true)
}

/// Creates a database with the segments of a folder under the name [`FRESH`].
///
/// Its head is opened at `now`.
pub(crate) fn build(
    folder: &Path,
    config: impl Fn() -> Result<Config, StoreError>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let files = find_files(&folder.join(SEGMENTS))?;
    let connection = Connection::open_with_flags(folder.join(FRESH), config()?)?;
    schema::migrate(&connection, 0)?;
    connection.execute_batch("BEGIN TRANSACTION")?;
    import(&connection, folder, &files, now)?;
    Ok(connection.execute_batch("COMMIT; CHECKPOINT")?)
}

fn import(
    connection: &Connection,
    folder: &Path,
    files: &[FoundFile],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut series: HashMap<u64, Series> = HashMap::new();
    let mut contents = Vec::new();
    for file in files {
        match read_content(file) {
            Ok(mut content) => {
                // Of properties outside the identity of a series, such as its description, the
                // newest win.
                series.extend(content.series.drain(..));
                contents.push((file, content));
            }
            Err(error) => {
                let path = file.path.display();
                tracing::error!(file = %path, %error, "segment cannot be read, moving it to the quarantine");
                quarantine(folder, &file.path)?;
            }
        }
    }
    let contents = quarantine_orphaned_rollups(folder, contents)?;
    // Files without metadata are the oldest. They come first, in the order of their ids.
    let without_metadata = contents.iter().filter(|(_, content)| content.metadata.is_none()).count() as u64;
    let mut oldest = 0;
    let mut new: Vec<NewSegment> = Vec::new();
    for (file, content) in contents {
        let plan = match &content.metadata {
            Some(metadata) => {
                let plan = metadata.plan(file.id, file.resolution);
                SegmentPlan { head: plan.head.saturating_add(without_metadata), ..plan }
            }
            None => {
                oldest += 1;
                default_plan(file, &content.tally, oldest)
            }
        };
        new.push(content.tally.segment(plan, file.signal, &folder.join(SEGMENTS), content.written));
    }
    let early: Vec<u64> = new.iter().filter(|one| one.head <= without_metadata).map(|one| one.id).collect();
    let last = new.iter().map(|segment| segment.head).max().unwrap_or_default();
    table::insert(connection, &new)?;
    // Early files of points lack their roll-ups.
    let early = id_list(early);
    connection.execute(&format!("UPDATE segments SET format = 1 WHERE id IN ({early})"), [])?;
    head::replace_all_after(connection, last, now.0)?;
    connection.execute_batch("UPDATE manifest SET generation = generation + 1")?;
    insert_series(connection, series)
}

/// Quarantines roll-ups without metadata where there are points: their part group is unknown, and
/// they are rebuilt from the points.
fn quarantine_orphaned_rollups<'files>(
    folder: &Path,
    contents: Vec<(&'files FoundFile, SegmentContent)>,
) -> Result<Vec<(&'files FoundFile, SegmentContent)>, StoreError> {
    let points: Vec<_> = contents
        .iter()
        .filter(|(file, _)| file.resolution == DataResolution::Points)
        .map(|(file, content)| (file.signal, content.tally.span()))
        .collect();
    let is_orphaned = |file: &FoundFile, content: &SegmentContent| {
        let (first, last) = content.tally.span();
        content.metadata.is_none()
            && file.resolution != DataResolution::Points
            && points.iter().any(|(signal, span)| *signal == file.signal && span.0 <= last && first <= span.1)
    };
    let mut usable = Vec::new();
    for (file, content) in contents {
        if is_orphaned(file, &content) {
            quarantine(folder, &file.path)?;
        } else {
            usable.push((file, content));
        }
    }
    Ok(usable)
}

/// Returns the plan of a file without metadata. Its points get the longest retention, and a roll-up
/// is a part group of its own.
fn default_plan(file: &FoundFile, tally: &Tally, head: u64) -> SegmentPlan {
    let (first, last) = tally.span();
    let (level, window) = window::around(first, last);
    let retention_tier = match file.resolution {
        DataResolution::Points if !file.signal.is_annotation() => DataResolution::Hours,
        resolution => resolution,
    };
    SegmentPlan {
        id: file.id,
        level,
        window,
        head,
        resolution: file.resolution,
        part_group: file.id,
        retention_tier,
        pinned: false,
    }
}

fn insert_series(connection: &Connection, series: HashMap<u64, Series>) -> Result<(), StoreError> {
    let batch = TelemetryBatch {
        series: series
            .into_iter()
            .map(|(id, mut series)| {
                rename(&mut series);
                (SeriesId(id), series)
            })
            .collect(),
        ..TelemetryBatch::default()
    };
    // All were accepted once.
    let unlimited = CardinalityLimits {
        total: u64::MAX,
        per_service: u64::MAX,
        values_per_label: u64::MAX,
        label_bytes: u64::MAX,
        resources: u64::MAX,
        label_set_bytes: usize::MAX,
    };
    let mut limiter = CardinalityLimiter::default();
    limiter.set_limits(unlimited);
    let (catalog, limiter) = (SeriesCatalog::default(), Mutex::new(limiter));
    let mut appending = Appending::new(connection, &catalog, &limiter, 0);
    appending.append(&[(Arc::new(batch), Arc::from(""))], &mut 0).map(|_| ())
}
