//! The content of a segment file, as far as the catalog needs it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use arrow_array::{RecordBatch, cast::AsArray, types::Int64Type, types::UInt32Type, types::UInt64Type};
use model::{DataResolution, Series};

use crate::{
    StoreError,
    database::paths::file_error,
    metrics::series_columns::{self, read_series},
    segment::{
        checksum::checksum,
        file::Written,
        file_metadata::{self, FileMetadata},
        naming::file_path,
        scan::{Scan, read_metadata},
        signal::SegmentSignal,
        signal_segments::RowColumns,
        tally::Tally,
    },
    signals,
};

/// A segment file, identified by its name.
pub(crate) struct FoundFile {
    pub(crate) signal: SegmentSignal,
    pub(crate) resolution: DataResolution,
    pub(crate) id: u64,
    pub(crate) path: PathBuf,
}

/// Returns the finished segments in a folder, by id.
pub(crate) fn find_files(folder: &Path) -> Result<Vec<FoundFile>, StoreError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| file_error(folder, &error))?;
    let mut found: Vec<FoundFile> =
        entries.filter_map(Result::ok).filter_map(|entry| identify(folder, entry.path())).collect();
    found.sort_by_key(|file| file.id);
    Ok(found)
}

fn identify(folder: &Path, path: PathBuf) -> Option<FoundFile> {
    let id: u64 = path.file_stem()?.to_str()?.rsplit_once('-')?.1.parse().ok()?;
    for signal in SegmentSignal::ALL {
        for resolution in [DataResolution::Points, DataResolution::Minutes, DataResolution::Hours] {
            if file_path(folder, signal, resolution, id) == path {
                return Some(FoundFile { signal, resolution, id, path });
            }
        }
    }
    None
}

/// Metadata, totals and series of a file.
pub(crate) struct SegmentContent {
    pub(crate) metadata: Option<FileMetadata>,
    pub(crate) tally: Tally,
    pub(crate) series: Vec<(u64, Series)>,
    pub(crate) written: Written,
}

/// Reads a file. Fails if it is damaged or empty.
pub(crate) fn read_content(file: &FoundFile) -> Result<SegmentContent, StoreError> {
    let parquet = read_metadata(&file.path)?;
    let metadata = parquet
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .find(|pair| pair.key == file_metadata::KEY)
        .and_then(|pair| serde_json::from_str(pair.value.as_deref()?).ok());
    let scan = Scan::open(&file.path, parquet)?;
    let totals = signals::segments_of(file.signal).row_columns(file.resolution);
    let mut columns: Vec<&str> = series_columns::NAMES.to_vec();
    columns.extend([totals.first, totals.last].into_iter().chain(totals.points));
    let (mut tally, mut series): (_, Vec<(u64, Series)>) = (Tally::default(), Vec::new());
    for group in scan.all_groups() {
        scan.read(group, &columns, None, |batch| {
            for (id, one) in read_series(batch) {
                if series.last().is_none_or(|(before, _)| *before != id) {
                    series.push((id, one));
                    tally.series += 1;
                }
            }
            add_totals(batch, totals, &mut tally)
                .ok_or_else(|| StoreError::Database("a column is missing".to_owned()))
        })?;
    }
    let bytes = fs::metadata(&file.path).map_err(|error| file_error(&file.path, &error))?.len();
    if tally.is_empty() {
        return Err(StoreError::Database("it has no rows".to_owned()));
    }
    let written = Written { bytes, checksum: checksum(&file.path)? };
    Ok(SegmentContent { metadata, tally, series, written })
}

/// Adds the rows of a batch to a tally.
fn add_totals(batch: &RecordBatch, columns: RowColumns, tally: &mut Tally) -> Option<()> {
    let times = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let services = batch.column_by_name("service")?.as_string_opt::<i32>()?;
    let (first, last) = (times(columns.first)?, times(columns.last)?);
    let points = match columns.points {
        Some(name) => Some(batch.column_by_name(name)?),
        None => None,
    };
    for row in 0..batch.num_rows() {
        let points = match points {
            None => 1,
            Some(column) => match column.as_primitive_opt::<UInt32Type>() {
                Some(points) => points.value(row).into(),
                None => column.as_primitive_opt::<UInt64Type>()?.value(row),
            },
        };
        tally.add_rows(services.value(row), points, first.value(row), last.value(row));
    }
    Some(())
}
