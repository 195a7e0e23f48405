//! Taking in partitions of which the database that named them is gone: each file says what it is and whose points it
//! holds.

use std::{
    collections::HashMap,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use arrow_array::{RecordBatch, cast::AsArray, types::Int64Type, types::UInt32Type, types::UInt64Type};
use duckdb::{Config, Connection};
use model::{DataResolution, Series, SeriesId, TelemetryBatch};

use crate::{
    SeriesLimits, StoreError,
    append::Appending,
    dictionary::Dictionary,
    head,
    layout::{PartitionSignal, file_path},
    maintain::{insert_partitions, now, window},
    open::{DATABASE, LOG, PARTITIONS, create_folder, file_error},
    partition::{
        DESCRIBING, NOTE, NewPartition, Note, Plan, Scan, Tally, Written, checksum, described, metadata,
        sync_folder,
    },
    parts::QUARANTINE,
    schema,
    series_limit::SeriesLimiter,
    shrink::{self, FRESH},
    sql::id_list,
};

/// Makes a database that names the partitions in a folder that has none; whether there were any. It gets its name once
/// it is whole: a crash before leaves everything to the next start.
pub(crate) fn adopt(
    folder: &Path,
    config: impl Fn() -> Result<Config, StoreError>,
) -> Result<bool, StoreError> {
    let files = files(&folder.join(PARTITIONS))?;
    if files.is_empty() {
        return Ok(false);
    }
    tracing::warn!(files = files.len(), "there are partitions without a database: they are taken in");
    set_aside(folder, &folder.join(LOG))?;
    shrink::sweep(folder)?;
    let fresh = folder.join(FRESH);
    let connection = Connection::open_with_flags(&fresh, config()?)?;
    schema::migrate(&connection, 0)?;
    connection.execute_batch("BEGIN TRANSACTION")?;
    take_in(&connection, folder, &files)?;
    connection.execute_batch("COMMIT; CHECKPOINT")?;
    drop(connection);
    let named = File::open(&fresh)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&fresh, folder.join(DATABASE)));
    named.map_err(|error| file_error(&fresh, &error))?;
    sync_folder(folder)?;
    Ok(true)
}

/// Moves a file into the folder `quarantine`, if it is there, and gives its new name.
pub(crate) fn set_aside(folder: &Path, path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let Some(name) = path.file_name().filter(|_| path.exists()) else { return Ok(None) };
    let quarantine = folder.join(QUARANTINE);
    create_folder(&quarantine)?;
    let name = name.to_string_lossy();
    let free = (0..).map(|number| match number {
        0 => quarantine.join(&*name),
        _ => quarantine.join(format!("{name}.{number}")),
    });
    let Some(target) = free.into_iter().find(|target| !target.exists()) else { return Ok(None) };
    fs::rename(path, &target).map_err(|error| file_error(path, &error))?;
    Ok(Some(target))
}

/// A file by its name.
struct Found {
    signal: PartitionSignal,
    form: DataResolution,
    id: u64,
    path: PathBuf,
}

/// The finished partitions in a folder, by number.
fn files(folder: &Path) -> Result<Vec<Found>, StoreError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| file_error(folder, &error))?;
    let mut found: Vec<Found> =
        entries.filter_map(Result::ok).filter_map(|entry| named(folder, entry.path())).collect();
    found.sort_by_key(|file| file.id);
    Ok(found)
}

fn named(folder: &Path, path: PathBuf) -> Option<Found> {
    let id: u64 = path.file_stem()?.to_str()?.rsplit_once('-')?.1.parse().ok()?;
    for signal in PartitionSignal::ALL {
        for form in [DataResolution::Points, DataResolution::Minutes, DataResolution::Hours] {
            if file_path(folder, signal, form, id) == path {
                return Some(Found { signal, form, id, path });
            }
        }
    }
    None
}

/// What a file holds.
struct Content {
    note: Option<Note>,
    tally: Tally,
    series: Vec<(u64, Series)>,
    written: Written,
}

fn take_in(connection: &Connection, folder: &Path, files: &[Found]) -> Result<(), StoreError> {
    let partitions = folder.join(PARTITIONS);
    let mut series: HashMap<u64, Series> = HashMap::new();
    let mut read = Vec::new();
    for file in files {
        match content(file) {
            Ok(mut content) => {
                // The newest file knows best what is not part of a series' identity.
                series.extend(content.series.drain(..));
                read.push((file, content));
            }
            Err(error) => {
                tracing::error!(file = %file.path.display(), %error, "a partition cannot be read and is moved away");
                set_aside(folder, &file.path)?;
            }
        }
    }
    // What such a roll-up is made of is not known: where there are points it is made anew from them.
    let (mut kept, mut points) = (Vec::new(), Vec::new());
    for (file, content) in read {
        if file.form == DataResolution::Points {
            points.push((file.signal, content.tally.span()));
        }
        kept.push((file, content));
    }
    let made_anew = |file: &Found, content: &Content| {
        let (first, last) = content.tally.span();
        content.note.is_none()
            && file.form != DataResolution::Points
            && points.iter().any(|(signal, span)| *signal == file.signal && span.0 <= last && first <= span.1)
    };
    let mut read = Vec::new();
    for (file, content) in kept {
        if made_anew(file, &content) {
            set_aside(folder, &file.path)?;
        } else {
            read.push((file, content));
        }
    }
    // Files from before they said so come first, in the order of their numbers.
    let silent = read.iter().filter(|(_, content)| content.note.is_none()).count() as u64;
    let mut place = 0;
    let mut new: Vec<NewPartition> = Vec::new();
    for (file, content) in read {
        let plan = match &content.note {
            Some(note) => {
                let plan = note.plan(file.id, file.form);
                Plan { head: plan.head.saturating_add(silent), ..plan }
            }
            None => {
                place += 1;
                silent_plan(file, &content.tally, place)
            }
        };
        new.push(content.tally.partition(plan, file.signal, &partitions, content.written));
    }
    let before: Vec<u64> = new.iter().filter(|one| one.head <= silent).map(|one| one.id).collect();
    let last = new.iter().map(|partition| partition.head).max().unwrap_or_default();
    insert_partitions(connection, &new)?;
    // Points of those lack their minutes and hours.
    let before = id_list(before);
    connection.execute(&format!("UPDATE partition_files SET format = 1 WHERE id IN ({before})"), [])?;
    head::begin_after(connection, last, now())?;
    connection.execute_batch("UPDATE layout SET generation = generation + 1")?;
    enter_series(connection, series)
}

/// What a file is taken for that does not say it: of points nothing goes before all of them would, and roll-ups stand
/// for themselves.
fn silent_plan(file: &Found, tally: &Tally, head: u64) -> Plan {
    let (first, last) = tally.span();
    let (level, window) = window::around(first, last);
    let lasts = match file.form {
        DataResolution::Points if file.signal != PartitionSignal::Exemplars => DataResolution::Hours,
        form => form,
    };
    Plan { id: file.id, level, window, head, form: file.form, bundle: file.id, lasts, pinned: false }
}

fn enter_series(connection: &Connection, series: HashMap<u64, Series>) -> Result<(), StoreError> {
    let batch = TelemetryBatch {
        series: series.into_iter().map(|(id, series)| (SeriesId(id), series)).collect(),
        ..TelemetryBatch::default()
    };
    let mut limiter = SeriesLimiter::default();
    // They were let in once.
    limiter.set_limits(SeriesLimits { total: u64::MAX, per_service: u64::MAX, values_per_label: u64::MAX });
    let (dictionary, limiter) = (Dictionary::default(), Mutex::new(limiter));
    let mut appending = Appending::new(connection, &dictionary, &limiter, 0);
    appending.append(&[(Arc::new(batch), Arc::from(""))], &mut 0).map(|_| ())
}

fn content(file: &Found) -> Result<Content, StoreError> {
    let metadata = metadata(&file.path)?;
    let note = metadata
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .find(|pair| pair.key == NOTE)
        .and_then(|pair| serde_json::from_str(pair.value.as_deref()?).ok());
    let scan = Scan::open(&file.path, metadata)?;
    let times: &[&str] = if is_one_each(file) { &["time"] } else { &["points", "first_time", "last_time"] };
    let columns = [DESCRIBING.as_slice(), times].concat();
    let (mut tally, mut series): (_, Vec<(u64, Series)>) = (Tally::default(), Vec::new());
    for group in scan.all_groups() {
        scan.read(group, &columns, None, |batch| {
            for (id, one) in described(batch) {
                if series.last().is_none_or(|(before, _)| *before != id) {
                    series.push((id, one));
                    tally.series += 1;
                }
            }
            count(batch, file, &mut tally)
                .ok_or_else(|| StoreError::Database("a column is missing".to_owned()))
        })?;
    }
    let bytes = fs::metadata(&file.path).map_err(|error| file_error(&file.path, &error))?.len();
    if tally.is_empty() {
        return Err(StoreError::Database("it holds nothing".to_owned()));
    }
    Ok(Content { note, tally, series, written: Written { bytes, checksum: checksum(&file.path)? } })
}

/// Whether each row is one point or exemplar.
fn is_one_each(file: &Found) -> bool {
    file.form == DataResolution::Points && file.signal != PartitionSignal::Samples
}

/// Adds the rows of a batch to a tally.
fn count(batch: &RecordBatch, file: &Found, tally: &mut Tally) -> Option<()> {
    let times = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let services = batch.column_by_name("service")?.as_string_opt::<i32>()?;
    let points = batch.column_by_name("points");
    for row in 0..batch.num_rows() {
        let (first, last, points) = match (file.signal, file.form) {
            _ if is_one_each(file) => {
                let time = times("time")?.value(row);
                (time, time, 1)
            }
            (signal, form) => {
                let points = match (signal, form) {
                    (PartitionSignal::Histograms, _) => 1,
                    (_, DataResolution::Points) => {
                        points?.as_primitive_opt::<UInt32Type>()?.value(row).into()
                    }
                    _ => points?.as_primitive_opt::<UInt64Type>()?.value(row),
                };
                (times("first_time")?.value(row), times("last_time")?.value(row), points)
            }
        };
        tally.add_some(services.value(row), points, first, last);
    }
    Some(())
}
