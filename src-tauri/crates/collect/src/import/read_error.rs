//! The error of a reader.

use std::io;

use super::sink::SinkError;

/// The end of a reader before the end of the file.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The sink ended.
    Sink(SinkError),
    /// The file is unreadable.
    File(String),
}

impl From<SinkError> for ReadError {
    fn from(error: SinkError) -> Self {
        Self::Sink(error)
    }
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::File(error.to_string())
    }
}
