//! The options of a program that runs the engine and serves the console.

use std::path::PathBuf;

use clap::Args;
use engine::EngineOptions;

/// The options of a program that runs the engine and serves the console.
#[derive(Debug, Clone, Default, Args)]
pub struct ServeOptions {
    /// Settings file [default: settings.toml in the data folder].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address of the console [default: listen.web of the settings].
    #[arg(long, value_name = "ADDR")]
    pub http: Option<String>,
    /// Address for OTLP over gRPC [default: listen.otlp_grpc of the settings].
    #[arg(long, value_name = "ADDR")]
    pub otlp_grpc: Option<String>,
    /// Address for OTLP over HTTP [default: listen.otlp_http of the settings].
    #[arg(long, value_name = "ADDR")]
    pub otlp_http: Option<String>,
    /// Address for Prometheus remote write [default: listen.remote_write of the settings].
    #[arg(long, value_name = "ADDR")]
    pub remote_write: Option<String>,
    /// Address for StatsD over UDP [default: listen.statsd of the settings].
    #[arg(long, value_name = "ADDR")]
    pub statsd: Option<String>,
}

impl ServeOptions {
    /// Returns the options of an engine with its data in `data_folder`.
    pub fn engine_options(&self, data_folder: PathBuf) -> EngineOptions {
        EngineOptions {
            settings_file: self.config.clone(),
            otlp_grpc: self.otlp_grpc.clone(),
            otlp_http: self.otlp_http.clone(),
            remote_write: self.remote_write.clone(),
            statsd: self.statsd.clone(),
            ..EngineOptions::new(data_folder)
        }
    }
}
