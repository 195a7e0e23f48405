//! The list of sources: every kind of collector and receiver.

use config::Settings;

use super::{
    command, handles::SourceHandles, host_metrics, log_file, otlp_grpc, otlp_http, prometheus_file,
    remote_write, scrape, sentry, spec::ComponentSpec, statsd,
};

/// Makes the specs of one kind of source.
type MakeSpecs = fn(&Settings, &SourceHandles) -> Vec<ComponentSpec>;

/// Every kind of source. A new one adds its file and its line here.
const SOURCES: &[MakeSpecs] = &[
    otlp_grpc::specs,
    otlp_http::specs,
    remote_write::specs,
    statsd::specs,
    host_metrics::specs,
    scrape::specs,
    prometheus_file::specs,
    command::specs,
    log_file::specs,
    sentry::specs,
];

/// Makes the specs of all sources the settings require.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    SOURCES.iter().flat_map(|make| make(settings, handles)).collect()
}
