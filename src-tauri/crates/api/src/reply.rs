//! The reply of a command.

use std::{fmt, io, pin::Pin};

use futures_util::{Stream, TryStreamExt as _, stream};
use tokio::io::AsyncReadExt as _;
use ts_rs::TS;

/// Length of the chunks in which a file is read, in bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// The reply of a command.
#[derive(Debug)]
pub enum Reply {
    /// A value.
    Json(serde_json::Value),
    /// Series as an Arrow IPC stream.
    Series(Vec<u8>),
    /// A file to save.
    File(FileReply),
}

/// A file to save. It may be as large as the stored data.
#[derive(Debug, TS)]
#[ts(type = "Blob")]
pub struct FileReply {
    /// The suggested name.
    pub name: String,
    /// The media type.
    pub media_type: String,
    /// The contents.
    pub content: FileContent,
}

/// The chunks of a file. They end after an error.
pub type Chunks = Pin<Box<dyn Stream<Item = io::Result<Vec<u8>>> + Send>>;

/// The contents of a file. They are read in chunks, so that they are never in memory as a whole.
pub struct FileContent {
    length: u64,
    chunks: Chunks,
}

impl FileContent {
    /// Returns contents of `length` bytes.
    pub fn new(length: u64, chunks: Chunks) -> Self {
        Self { length, chunks }
    }

    /// Returns the contents of an open file from its position, `length` bytes.
    pub fn of_file(file: std::fs::File, length: u64) -> Self {
        let chunks = stream::try_unfold(tokio::fs::File::from_std(file), |mut file| async move {
            let mut chunk = vec![0; CHUNK_BYTES];
            let read = file.read(&mut chunk).await?;
            chunk.truncate(read);
            Ok((read > 0).then_some((chunk, file)))
        });
        Self::new(length, Box::pin(chunks))
    }

    /// Returns the length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns the chunks.
    pub fn into_chunks(self) -> Chunks {
        self.chunks
    }

    /// Reads contents of at most `limit` bytes into memory. Fails for longer ones.
    pub async fn collect(self, limit: u64) -> io::Result<Vec<u8>> {
        if self.length > limit {
            let message = format!("the file has {} bytes, more than {limit}; save it instead", self.length);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        self.chunks
            .try_fold(Vec::new(), |mut bytes, chunk| async move {
                bytes.extend_from_slice(&chunk);
                Ok(bytes)
            })
            .await
    }
}

impl From<Vec<u8>> for FileContent {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes.len() as u64, Box::pin(stream::iter([Ok(bytes)])))
    }
}

impl fmt::Debug for FileContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FileContent").field("length", &self.length).finish_non_exhaustive()
    }
}
