//! Scrapes the targets of a Prometheus configuration file.

use std::sync::Arc;

use async_trait::async_trait;
use collect::{PullHandles, SecretGuard};
use config::Settings;
use runtime::HealthReporter;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};

struct PrometheusFile {
    settings: config::PrometheusFile,
    handles: PullHandles,
    secrets: Option<Arc<dyn SecretGuard>>,
}

/// Makes one spec per configuration file.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let spec = |entry: &config::PrometheusFile| {
        let name = format!("prometheus {}", entry.file);
        let (secrets, handles) =
            (handles.guard(format!("an edit of {}", entry.file)), handles.pulling(&name));
        let component = PrometheusFile { settings: entry.clone(), handles, secrets };
        ComponentSpec::collector(name, entry.clone(), component)
    };
    settings.prometheus.iter().map(spec).collect()
}

#[async_trait]
impl Component for PrometheusFile {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let (handles, secrets) = (self.handles.clone(), self.secrets.clone());
        collect::run_prometheus_file(self.settings.clone(), handles, secrets, health, stop).await;
        Ok(())
    }
}
