//! The settings file: typed, documented in one commented file, watched for changes.
//!
//! Unknown keys are rejected with a suggestion. Edits keep the comments of the file.

mod document;
mod error;
mod file;
mod host;
mod migration;
mod parse;
mod problem;
mod process;
mod scrape;
mod sentry;
mod settings;
mod validate;
mod watch;

pub use error::SettingsError;
pub use file::{
    add_log_file, add_scrape_target, copy_valid, load, load_or_create, load_or_last_valid, preview_value,
    put_sentry, remove_sentry, set_value, write_text,
};
pub use host::*;
pub use parse::parse;
pub use process::WatchedProcess;
pub use scrape::*;
pub use sentry::{Sentry, SentryFeed};
pub use settings::*;
pub use watch::{SettingsWatcher, watch};

/// The settings file of a new installation: every setting with its default and a comment.
pub const DEFAULT_TEXT: &str = include_str!("../assets/defaults.toml");
