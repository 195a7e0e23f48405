//! Writing a partition file: under a temporary name, with its checksum on the way, safe on disk before it gets its
//! real one.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, Encoding, ZstdLevel},
    file::metadata::KeyValue,
    file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder},
    schema::types::ColumnPath,
};
use xxhash_rust::xxh3::Xxh3;

use super::{
    note::{self, Note},
    plan::Plan,
};
use crate::{StoreError, open::file_error};

/// Ending of a file that is being written; it is deleted at the next start.
pub(crate) const UNFINISHED: &str = "unfinished";
/// A page holds a whole column of a row group, so that repetitions are found across series.
const PAGE: usize = 64 << 20;
/// Columns that reads are narrowed by; of the others no smallest and largest value is written.
const BOUNDED: [&str; 5] = ["metric", "series_id", "first_time", "last_time", "time"];
/// Columns whose bytes are kept apart by their place.
const SPLIT: [&str; 8] = [
    "small_steps.list.element",
    "large_steps.list.element",
    "steps.list.element.first",
    "steps.list.element.last",
    "steps.list.element.min",
    "steps.list.element.max",
    "steps.list.element.sum",
    "steps.list.element.increase",
];

/// A file on its way.
pub(crate) struct FileWriter {
    writer: ArrowWriter<Hashing>,
    path: PathBuf,
    unfinished: Unfinished,
}

/// A temporary file, deleted unless it got its real name.
pub(crate) struct Unfinished(pub(crate) PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) checksum: String,
}

impl FileWriter {
    /// Begins a file that says of itself what it is to be; `dictionaries` are the columns of which each distinct value
    /// is written once.
    pub(crate) fn create(
        plan: &Plan,
        path: PathBuf,
        schema: Arc<Schema>,
        dictionaries: &[&str],
    ) -> Result<Self, StoreError> {
        let unfinished = path.with_extension(UNFINISHED);
        let mut options = File::options();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&unfinished).map_err(|error| file_error(&unfinished, &error))?;
        let unfinished = Unfinished(unfinished);
        let sink = Hashing { file: BufWriter::with_capacity(1 << 18, file), hash: Box::default(), bytes: 0 };
        let properties = properties(dictionaries, plan.zstd())?.build();
        let mut writer = ArrowWriter::try_new(sink, schema, Some(properties))?;
        writer.append_key_value_metadata(KeyValue::new(note::KEY.to_owned(), Note::of(plan).to_text()));
        Ok(Self { writer, path, unfinished })
    }

    /// Writes the rows as a group of their own.
    pub(crate) fn group(&mut self, rows: &RecordBatch) -> Result<(), StoreError> {
        self.writer.write(rows)?;
        Ok(self.writer.flush()?)
    }

    /// Makes the file safe on disk and gives it its name. The folder has to be made safe too, see [`sync_folder`].
    pub(crate) fn finish(self) -> Result<Written, StoreError> {
        let Self { writer, path, unfinished } = self;
        let sink = writer.into_inner()?;
        let written = Written { bytes: sink.bytes, checksum: format!("{:032x}", sink.hash.digest128()) };
        let to_error = |error: io::Error| file_error(&unfinished.0, &error);
        let file = sink.file.into_inner().map_err(|error| to_error(error.into_error()))?;
        file.sync_all().map_err(to_error)?;
        fs::rename(&unfinished.0, &path).map_err(to_error)?;
        Ok(written)
    }
}

fn properties(dictionaries: &[&str], zstd: i32) -> Result<WriterPropertiesBuilder, StoreError> {
    let path = |column: &str| ColumnPath::new(column.split('.').map(str::to_owned).collect());
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("Binnacle ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(zstd)?))
        .set_dictionary_enabled(false)
        .set_dictionary_page_size_limit(1 << 20)
        .set_data_page_size_limit(PAGE)
        .set_data_page_row_count_limit(usize::MAX)
        .set_max_row_group_row_count(None)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    for column in BOUNDED {
        properties = properties.set_column_statistics_enabled(path(column), EnabledStatistics::Chunk);
    }
    for column in dictionaries {
        properties = properties.set_column_dictionary_enabled(path(column), true);
    }
    for column in SPLIT {
        properties = properties.set_column_encoding(path(column), Encoding::BYTE_STREAM_SPLIT);
    }
    Ok(properties)
}

/// Makes the names in a folder safe on disk.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Only Unix lets a folder be opened; elsewhere a rename is safe once the file is.
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| file_error(folder, &error))?;
    Ok(())
}

/// The checksum of a file as it is now.
pub(crate) fn checksum(path: &Path) -> Result<String, StoreError> {
    let mut sink = Hashing { file: io::sink(), hash: Box::default(), bytes: 0 };
    let mut file = File::open(path).map_err(|error| file_error(path, &error))?;
    io::copy(&mut file, &mut sink).map_err(|error| file_error(path, &error))?;
    Ok(format!("{:032x}", sink.hash.digest128()))
}

struct Hashing<W = BufWriter<File>> {
    file: W,
    hash: Box<Xxh3>,
    bytes: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
