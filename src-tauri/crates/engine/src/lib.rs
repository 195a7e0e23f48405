//! Builds the parts from the settings, starts them in order, watches over them and stops them in
//! order. The only place below the fronts that looks at a clock.

mod anomaly_detection;
mod clock;
mod collection;
mod damaged;
mod demonstration;
mod engine;
mod error;
mod imports;
mod instance;
mod intake;
mod ledger;
mod log;
mod notices;
mod notifications;
mod options;
mod own;
mod retention;
mod sentry;
mod sentry_preset;
mod settings;
mod signals;
mod stage;
mod status;

pub use clock::now;
pub use damaged::set_damaged_database_aside;
pub use engine::Engine;
pub use error::EngineError;
pub use instance::{Instance, RunningEngine, running_engine};
pub use intake::Intake;
pub use log::Log;
pub use options::{EngineOptions, default_data_folder};
pub use settings::SettingsState;
pub use signals::stop_signal;
