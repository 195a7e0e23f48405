//! What an engine is started with.

use std::path::PathBuf;

use store::StoreOptions;

/// What an engine is started with. Addresses given here win over the settings file.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Folder for the data.
    pub data_folder: PathBuf,
    /// The settings file; `settings.toml` in the data folder if none.
    pub settings_file: Option<PathBuf>,
    /// Address for OTLP over gRPC.
    pub otlp_grpc: Option<String>,
    /// Address for OTLP over HTTP.
    pub otlp_http: Option<String>,
    /// Address for Prometheus remote write.
    pub remote_write: Option<String>,
    /// Address for StatsD over UDP.
    pub statsd: Option<String>,
    /// Limits of the store.
    pub store: StoreOptions,
    /// Whether anything is received, collected, checked and alerted on. Without it the engine only
    /// answers questions about what is stored.
    pub observe: bool,
}

impl EngineOptions {
    /// An engine that observes, with its data in `data_folder` and everything else by default.
    pub fn new(data_folder: PathBuf) -> Self {
        Self {
            data_folder,
            settings_file: None,
            otlp_grpc: None,
            otlp_http: None,
            remote_write: None,
            statsd: None,
            store: StoreOptions::default(),
            observe: true,
        }
    }
}

/// Where the data of this user lie unless told otherwise: `BINNACLE_DATA_DIR`, or the platform's folder
/// for application data.
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
