//! The reply of a command.

use ts_rs::TS;

/// The reply of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A value.
    Json(serde_json::Value),
    /// Series as an Arrow IPC stream.
    Series(Vec<u8>),
    /// A file to save.
    File(FileReply),
}

/// A file to save.
#[derive(Debug, Clone, PartialEq, Eq, TS)]
#[ts(type = "Blob")]
pub struct FileReply {
    /// The suggested name.
    pub name: String,
    /// The media type.
    pub media_type: String,
    /// The contents.
    pub bytes: Vec<u8>,
}
