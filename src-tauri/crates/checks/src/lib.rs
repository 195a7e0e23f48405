//! Health checks: kinds, schedule, verdicts and incidents.
//!
//! [`probe`] makes one attempt at one check. [`CheckScheduler`] makes the attempts on time, turns
//! them into results and incidents, and hands these and the series made from them to the store.
//! [`SecretStore`] keeps the passwords, outside the database.

mod check_task;
mod error;
mod memory;
mod network;
mod overview;
mod probe;
mod recording;
mod scheduler;
mod secrets;
pub mod sentry_preset;
mod series;
mod validation;
mod verdict;

pub use error::CheckError;
pub use network::NetworkState;
pub use probe::{ProbeOutcome, probe};
pub use scheduler::CheckScheduler;
pub use secrets::{FileSecrets, SecretError, SecretStore, open_secrets};
pub use validation::validate;
pub use verdict::{incident_change, verdict};
