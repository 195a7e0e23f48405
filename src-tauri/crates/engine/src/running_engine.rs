//! The addresses of a running engine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The addresses of a running engine. They contain no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningEngine {
    /// Process id.
    pub process: u32,
    /// Address of the console's page, such as `http://127.0.0.1:7171`.
    pub address: String,
    /// The socket for programs of the same user.
    pub socket: PathBuf,
}
