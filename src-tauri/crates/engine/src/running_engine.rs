//! The address of a running engine.

use serde::{Deserialize, Serialize};

/// The address of a running engine. Only its owner can read the file it is stored in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningEngine {
    /// Process id.
    pub process: u32,
    /// Address of its web front, such as `http://127.0.0.1:7171`.
    pub address: String,
    /// The token of its web front.
    pub token: String,
}

impl std::fmt::Debug for RunningEngine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "RunningEngine {{ process: {}, address: {:?} }}", self.process, self.address)
    }
}
