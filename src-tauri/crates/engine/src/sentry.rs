//! Sentry: installations whose data are collected, and the checks of self-hosted ones.

mod checks;
mod installations;

pub use checks::SentryChecks;
pub use installations::SentryInstallations;
pub(crate) use installations::{forget_if_removed, token_source};
