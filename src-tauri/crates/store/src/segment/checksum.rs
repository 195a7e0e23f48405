//! Checksums of segment files.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use xxhash_rust::xxh3::Xxh3;

use super::info::Segment;
use crate::{StoreError, database::paths::file_error};

/// Computes the XXH3-128 checksum of a file.
pub(crate) fn checksum(path: &Path) -> Result<String, StoreError> {
    let mut sink = HashingWriter::new(io::sink());
    let mut file = File::open(path).map_err(|error| file_error(path, &error))?;
    io::copy(&mut file, &mut sink).map_err(|error| file_error(path, &error))?;
    Ok(sink.finish().2)
}

/// Fails unless the file of a segment still has the checksum it was written with.
pub(crate) fn verify_unchanged(segment: &Segment) -> Result<(), StoreError> {
    if checksum(&segment.path)? == segment.checksum {
        return Ok(());
    }
    Err(StoreError::Database("its content is not what was written".to_owned()))
}

/// A sink that counts and hashes all bytes written through it.
pub(crate) struct HashingWriter<W> {
    inner: W,
    hash: Box<Xxh3>,
    bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner, hash: Box::default(), bytes: 0 }
    }

    /// Returns the sink, the number of bytes and their checksum as hexadecimal digits.
    pub(crate) fn finish(self) -> (W, u64, String) {
        (self.inner, self.bytes, format!("{:032x}", self.hash.digest128()))
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
