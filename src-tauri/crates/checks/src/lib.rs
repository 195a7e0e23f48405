//! Health checks: kinds, schedule, verdicts and incidents.
//!
//! [`probe()`] makes one attempt at one check. [`CheckService`] runs the checks on time. It turns
//! attempts into results and incidents, and writes these and their series to the store.
//! [`SecretStore`] stores the passwords, outside the database.

mod chain_verifier;
mod connection;
mod error;
mod failure;
mod fields;
mod kind;
pub mod kinds;
mod network;
mod outcome;
mod overview;
mod probe;
mod record;
mod registry;
mod runner;
mod scheduler;
mod secret_target;
mod secrets;
pub mod sentry_preset;
mod series;
mod service;
mod state;
mod validation;
mod verdict;
mod web_address;

pub use error::CheckError;
pub use network::NetworkState;
pub use outcome::ProbeOutcome;
pub use probe::probe;
pub use registry::{kinds, target};
pub use secrets::{FileSecrets, SecretError, SecretStore, open_secrets};
pub use service::CheckService;
pub use validation::validate;
pub use verdict::{incident_change, verdict};
