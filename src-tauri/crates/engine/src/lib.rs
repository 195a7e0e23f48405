//! Builds the components from the settings, starts them in order, restarts those that fail and
//! stops them in order.

mod bindings;
mod builder;
mod components;
mod confirmations;
mod data;
mod engine;
mod error;
mod instance;
mod options;
mod pause;
mod process;
mod running_engine;
mod scrape_secrets;
mod sentry;
mod settings;
mod shutdown_signal;
mod stage;
mod status;

pub use confirmations::{ConfirmationError, Confirmations};
pub use data::{Demonstration, Imports, Retention, Uploads, repair_data_folder};
pub use engine::Engine;
pub use error::EngineError;
pub use instance::{Instance, running_engine};
pub use options::{EngineOptions, default_data_folder};
pub use running_engine::RunningEngine;
pub use sentry::{SentryChecks, SentryInstallations};
pub use settings::SettingsState;
pub use shutdown_signal::shutdown_signal;
pub use status::{Log, Protocol, Receivers};
