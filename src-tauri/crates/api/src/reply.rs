//! What a command answers.

use ts_rs::TS;

/// The answer of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A value.
    Json(serde_json::Value),
    /// Series as an Arrow IPC stream.
    Series(Vec<u8>),
    /// A file to keep.
    File(FileReply),
}

/// A file to keep.
#[derive(Debug, Clone, PartialEq, Eq, TS)]
#[ts(type = "Blob")]
pub struct FileReply {
    /// Suggested name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Contents.
    pub bytes: Vec<u8>,
}
