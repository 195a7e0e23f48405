//! Scrapes the targets of a Prometheus configuration file.

use async_trait::async_trait;
use config::Settings;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};

struct PrometheusFile {
    settings: config::PrometheusFile,
    store: Store,
    clock: Clock,
}

/// Makes one spec per configuration file.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    settings
        .prometheus
        .iter()
        .map(|entry| {
            let name = format!("prometheus {}", entry.file);
            let component = PrometheusFile {
                settings: entry.clone(),
                store: handles.store.with_source(&name),
                clock: handles.clock.clone(),
            };
            ComponentSpec::collector(name, entry.clone(), component)
        })
        .collect()
}

#[async_trait]
impl Component for PrometheusFile {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        collect::run_prometheus_file(
            self.settings.clone(),
            self.store.clone(),
            self.clock.clone(),
            health,
            stop,
        )
        .await;
        Ok(())
    }
}
