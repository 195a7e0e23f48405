//! Detection of the format of a file.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
};

use super::csv;

/// Number of first bytes that are examined.
const BEGINNING: u64 = 64 << 10;

/// The format of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileFormat {
    Exposition(Dialect),
    Csv,
    Parquet,
}

/// The text format. The formats differ in the unit of times, among other things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Prometheus text 0.0.4: milliseconds.
    Prometheus,
    /// OpenMetrics 1.0: seconds; ends with `# EOF`.
    OpenMetrics,
}

/// Magic bytes of compressed files.
const COMPRESSED: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"PK\x03\x04", "zip"),
];

/// Detects the format from the beginning and the end of a file; an unknown format is an error.
pub(super) fn detect(file: &mut File, length: u64) -> Result<FileFormat, String> {
    let (beginning, end) = ends(file, length).map_err(|error| error.to_string())?;
    if beginning.starts_with(b"PAR1") {
        return Ok(FileFormat::Parquet);
    }
    if let Some((_, compression)) = COMPRESSED.iter().find(|(magic, _)| beginning.starts_with(magic)) {
        return Err(format!("compressed with {compression}: decompress it first"));
    }
    if beginning.contains(&0) {
        return Err("neither text nor Parquet".to_owned());
    }
    if String::from_utf8_lossy(&end).trim_end().ends_with("# EOF") {
        return Ok(FileFormat::Exposition(Dialect::OpenMetrics));
    }
    let text = String::from_utf8_lossy(&beginning);
    let first = text.trim_start_matches('\u{feff}').lines().find(|line| !line.trim().is_empty());
    let header = first.unwrap_or_default();
    let separator = char::from(csv::separator_of(header.as_bytes()));
    let is_exposition = header.starts_with('#')
        || !header.contains(separator)
        || prometheus::parse_text(header.as_bytes(), 1)
            .is_ok_and(|exposition| !exposition.samples.is_empty());
    Ok(if is_exposition { FileFormat::Exposition(Dialect::Prometheus) } else { FileFormat::Csv })
}

/// Reads the beginning and the end of a file, then rewinds it.
fn ends(file: &mut File, length: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut beginning = Vec::new();
    file.by_ref().take(BEGINNING).read_to_end(&mut beginning)?;
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(16)))?;
    file.by_ref().take(16).read_to_end(&mut end)?;
    file.rewind()?;
    Ok((beginning, end))
}
