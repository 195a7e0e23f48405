//! The options of an engine.

use std::path::PathBuf;

use runtime::Clock;
use store::StoreOptions;

/// The options of an engine. Addresses given here take precedence over the settings file.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Folder for the data.
    pub data_folder: PathBuf,
    /// The settings file. The default is `settings.toml` in the data folder.
    pub settings_file: Option<PathBuf>,
    /// Address for OTLP over gRPC.
    pub otlp_grpc: Option<String>,
    /// Address for OTLP over HTTP.
    pub otlp_http: Option<String>,
    /// Address for Prometheus remote write.
    pub remote_write: Option<String>,
    /// Address for StatsD over UDP.
    pub statsd: Option<String>,
    /// The clock of the store and of all components.
    pub clock: Clock,
    /// Limits of the store. Their clock is replaced by that of the engine.
    pub store: StoreOptions,
    /// Receive, collect, check and alert. Without it the engine only answers requests for stored
    /// data.
    pub observe: bool,
}

impl EngineOptions {
    /// Returns the options of an engine that observes, with its data in `data_folder`.
    pub fn new(data_folder: PathBuf) -> Self {
        Self {
            data_folder,
            settings_file: None,
            otlp_grpc: None,
            otlp_http: None,
            remote_write: None,
            statsd: None,
            clock: Clock::system(),
            store: StoreOptions::default(),
            observe: true,
        }
    }
}

/// Returns the default data folder: `BINNACLE_DATA_DIR`, or the platform's folder for application
/// data.
pub fn default_data_folder() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = from("BINNACLE_DATA_DIR") {
        return folder;
    }
    let home = from("HOME").or_else(|| from("USERPROFILE")).unwrap_or_else(|| PathBuf::from("."));
    let base = if cfg!(target_os = "macos") {
        home.join("Library/Application Support")
    } else if cfg!(windows) {
        from("LOCALAPPDATA").unwrap_or(home)
    } else {
        from("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"))
    };
    base.join("binnacle")
}
