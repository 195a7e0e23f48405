//! The settings file: typed, documented in one commented file, unknown keys refused with a suggestion,
//! edited with its comments kept, and watched for changes.

mod document;
mod duration;
mod error;
mod file;
mod host;
mod parse;
mod process;
mod scrape;
mod sentry;
mod settings;
mod validate;
mod watch;

pub use duration::parse_duration;
pub use error::SettingsError;
pub use file::{
    add_log_file, add_scrape_target, load, load_or_create, put_sentry, remove_sentry, set_value, write_text,
};
pub use host::*;
pub use parse::parse;
pub use process::WatchedProcess;
pub use scrape::*;
pub use sentry::{Sentry, SentryFeed};
pub use settings::*;
pub use watch::{SettingsWatcher, watch};

/// The commented settings file that a new installation starts with: every setting with its default.
pub const DEFAULT_TEXT: &str = include_str!("../assets/defaults.toml");
