//! Writing of a segment file: under a temporary name, hashed on the way, synced before it is
//! renamed.

use std::{
    fs::{self, File},
    io::{self, BufWriter},
    path::PathBuf,
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

use super::{
    checksum::HashingWriter,
    file_metadata::{self, FileMetadata},
    plan::SegmentPlan,
};
use crate::{StoreError, database::paths::file_error};

/// Ending of a file that is being written; it is deleted at the next start.
pub(crate) const UNFINISHED: &str = "unfinished";
/// A page holds a whole column of a row group, so that repetitions are found across series.
const PAGE: usize = 64 << 20;
/// The encoding of the columns of a file. Columns are named by their Parquet paths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnEncodings<'names> {
    /// Columns whose distinct values are written once per row group.
    pub(crate) dictionaries: &'names [&'names str],
    /// Columns that get minimum and maximum per row group, for pruning.
    pub(crate) bounded: &'names [&'names str],
    /// Floating-point columns whose bytes are stored separately by position.
    pub(crate) split: &'names [&'names str],
}

/// A segment file that is being written.
pub(crate) struct FileWriter {
    writer: ArrowWriter<HashingWriter<BufWriter<File>>>,
    path: PathBuf,
    unfinished: Unfinished,
}

/// A temporary file. It is deleted on drop unless it was renamed.
pub(crate) struct Unfinished(pub(crate) PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Length and checksum of a written file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) checksum: String,
}

impl FileWriter {
    /// Begins a file that carries the metadata of its plan.
    pub(crate) fn create(
        plan: &SegmentPlan,
        path: PathBuf,
        schema: Arc<Schema>,
        encodings: ColumnEncodings<'_>,
    ) -> Result<Self, StoreError> {
        let unfinished = path.with_extension(UNFINISHED);
        let mut options = File::options();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&unfinished).map_err(|error| file_error(&unfinished, &error))?;
        let unfinished = Unfinished(unfinished);
        let sink = HashingWriter::new(BufWriter::with_capacity(1 << 18, file));
        let properties = properties(encodings, plan.zstd_level())?.build();
        let mut writer = ArrowWriter::try_new(sink, schema, Some(properties))?;
        writer.append_key_value_metadata(KeyValue::new(
            file_metadata::KEY.to_owned(),
            FileMetadata::of(plan).to_text(),
        ));
        Ok(Self { writer, path, unfinished })
    }

    /// Writes the rows as a row group.
    pub(crate) fn group(&mut self, rows: &RecordBatch) -> Result<(), StoreError> {
        self.writer.write(rows)?;
        Ok(self.writer.flush()?)
    }

    /// Syncs the file and gives it its name. The caller syncs the folder.
    pub(crate) fn finish(self) -> Result<Written, StoreError> {
        let Self { writer, path, unfinished } = self;
        let sink = writer.into_inner()?;
        let (file, bytes, checksum) = sink.finish();
        let to_error = |error: io::Error| file_error(&unfinished.0, &error);
        let file = file.into_inner().map_err(|error| to_error(error.into_error()))?;
        file.sync_all().map_err(to_error)?;
        fs::rename(&unfinished.0, &path).map_err(to_error)?;
        Ok(Written { bytes, checksum })
    }
}

fn properties(encodings: ColumnEncodings<'_>, zstd: i32) -> Result<WriterPropertiesBuilder, StoreError> {
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
    for column in encodings.bounded {
        properties = properties.set_column_statistics_enabled(path(column), EnabledStatistics::Chunk);
    }
    for column in encodings.dictionaries {
        properties = properties.set_column_dictionary_enabled(path(column), true);
    }
    for column in encodings.split {
        properties = properties.set_column_encoding(path(column), Encoding::BYTE_STREAM_SPLIT);
    }
    Ok(properties)
}
