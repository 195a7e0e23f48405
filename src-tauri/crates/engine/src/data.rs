//! The stored data: retention, imports, uploads, recovery and the demonstration.

mod checkpoints;
mod demonstration;
mod imports;
mod limits;
mod recovery;
mod retention;
mod uploads;

pub(crate) use checkpoints::checkpoint_folder;
pub use demonstration::Demonstration;
pub use imports::Imports;
pub(crate) use limits::{apply_limits, follow_limits};
pub use recovery::repair_data_folder;
pub use retention::Retention;
pub use uploads::Uploads;
