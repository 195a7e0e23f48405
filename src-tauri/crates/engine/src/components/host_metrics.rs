//! Collects metrics of this machine and its processes.

use async_trait::async_trait;
use config::Settings;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};

const NAME: &str = "host metrics";

struct HostMetrics {
    settings: config::Host,
    processes: Vec<config::WatchedProcess>,
    store: Store,
    clock: Clock,
}

/// Makes the spec of the collector, unless both host metrics and processes are off.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    if !settings.host.enabled && settings.process.is_empty() {
        return Vec::new();
    }
    let (host, processes) = (settings.host.clone(), settings.process.clone());
    let component = HostMetrics {
        settings: host.clone(),
        processes: processes.clone(),
        store: handles.store.with_source(NAME),
        clock: handles.clock.clone(),
    };
    vec![ComponentSpec::collector(NAME.to_owned(), (host, processes), component)]
}

#[async_trait]
impl Component for HostMetrics {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let (settings, processes) = (self.settings.clone(), self.processes.clone());
        collect::run_host(settings, processes, self.store.clone(), self.clock.clone(), health, stop).await;
        Ok(())
    }
}
