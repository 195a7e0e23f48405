//! Clock, schedules, retries, health reports, atomic writes and private files.
//!
//! The crate knows no telemetry, no store and no protocol. Only [`Clock`] reads the system's
//! clocks.

mod atomic_file;
mod clock;
mod health;
mod manual_clock;
mod manual_time;
mod private_file;
mod response_budget;
mod retry;
mod schedule;
mod steady_time;
mod suspend;

pub use atomic_file::{replace_file, replace_private_file, replace_private_file_unsynced};
pub use clock::{Clock, Elapsed};
pub use health::HealthReporter;
pub use manual_clock::ManualClock;
pub use private_file::{
    FolderAccess, read_private_file, read_secret_file, restrict_new_files, secure_folder,
};
pub use response_budget::{ResponseBudget, ResponseMemory, ResponseShare};
pub use retry::{Backoff, RetryAfter, RetryPolicy, retry_while_busy};
pub use schedule::Schedule;
pub use steady_time::ClockJump;
pub use suspend::SuspendDetector;
