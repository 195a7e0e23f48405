//! The stored data: retention, imports, recovery and the demonstration.

mod checkpoints;
mod demonstration;
mod imports;
mod limits;
mod recovery;
mod retention;

pub(crate) use checkpoints::checkpoint_folder;
pub use demonstration::Demonstration;
pub use imports::Imports;
pub(crate) use limits::{apply_limits, follow_limits};
pub use recovery::repair_data_folder;
pub use retention::Retention;
