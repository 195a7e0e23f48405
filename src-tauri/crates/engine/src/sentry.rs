//! Sentry: installations whose data are collected, and the checks of self-hosted ones.

mod checks;
mod installations;
mod token_binding;
mod token_sources;

pub use checks::SentryChecks;
pub use installations::SentryInstallations;
pub(crate) use installations::{forget_if_removed, token_source};
pub(crate) use token_binding::bind_stored_tokens;
pub(crate) use token_sources::TokenSources;
