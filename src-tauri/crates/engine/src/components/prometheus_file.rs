//! Scrapes the targets of a Prometheus configuration file.

use config::Settings;

use super::{entry, handles::SourceHandles, spec::ComponentSpec};

/// Makes one spec per configuration file.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let name = |entry: &config::PrometheusFile| format!("prometheus {}", entry.file);
    entry::specs(&settings.prometheus, handles, name, |settings, store, clock, health, stop| {
        Box::pin(collect::run_prometheus_file(settings, store, clock, health, stop))
    })
}
