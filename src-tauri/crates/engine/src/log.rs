//! Binnacle's own log on standard error.

use tracing_subscriber::{
    EnvFilter, Registry, layer::SubscriberExt as _, reload, util::SubscriberInitExt as _,
};

use crate::SettingsState;

/// Binnacle's own log on standard error: as much of it as `RUST_LOG` says, or else the settings.
#[derive(Debug)]
pub struct Log {
    level: Option<reload::Handle<EnvFilter, Registry>>,
}

impl Log {
    /// Starts the log. Until the settings are known it tells of warnings and errors. A program that has a log
    /// already keeps that one.
    pub fn start() -> Self {
        let told = EnvFilter::try_from_default_env().ok();
        let follows_settings = told.is_none();
        let (filter, level) = reload::Layer::new(told.unwrap_or_else(|| EnvFilter::new("warn")));
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let started = tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok();
        Self { level: (started && follows_settings).then_some(level) }
    }

    /// Tells as much as the settings say, also when they change. Must be called inside a tokio runtime.
    pub fn follow(self, settings: &SettingsState) {
        let Some(handle) = self.level else { return };
        let mut settings = settings.watch();
        settings.mark_changed();
        tokio::spawn(async move {
            while settings.changed().await.is_ok() {
                let level = settings.borrow_and_update().log.level.name();
                // Fails only when the log is gone, and with it whoever could be told.
                let _ = handle.reload(EnvFilter::new(level));
            }
        });
    }
}
