//! Binnacle's log on standard error.

use tracing_subscriber::{
    EnvFilter, Registry, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use crate::SettingsState;

/// Binnacle's log on standard error. `RUST_LOG` sets its level, or else the settings.
#[derive(Debug)]
pub struct Log {
    level: Option<reload::Handle<EnvFilter, Registry>>,
}

impl Log {
    /// Starts the log. It has warnings and errors until the settings are read. A log the program
    /// started before stays.
    pub fn start() -> Self {
        let from_environment = EnvFilter::try_from_default_env().ok();
        let follows_settings = from_environment.is_none();
        let (filter, level) = reload::Layer::new(from_environment.unwrap_or_else(|| EnvFilter::new("warn")));
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let started = tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok();
        Self { level: (started && follows_settings).then_some(level) }
    }

    /// Follows the level of the settings. Must be called inside a tokio runtime.
    pub fn follow(self, settings: &SettingsState) {
        let Some(handle) = self.level else { return };
        let mut settings = settings.watch();
        settings.mark_changed();
        tokio::spawn(async move {
            while settings.changed().await.is_ok() {
                let level = settings.borrow_and_update().log.level.name();
                // Fails only when the log has ended.
                let _ = handle.reload(EnvFilter::new(level));
            }
        });
    }
}
