//! Scrapes a Prometheus target of the settings.

use std::sync::Arc;

use async_trait::async_trait;
use collect::{PullHandles, SecretGuard};
use config::Settings;
use runtime::HealthReporter;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};

struct Scrape {
    settings: config::ScrapeTarget,
    handles: PullHandles,
    secrets: Option<Arc<dyn SecretGuard>>,
}

/// Makes one spec per scrape target.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let spec = |entry: &config::ScrapeTarget| {
        let name = format!("scrape {}", entry.name);
        let (secrets, handles) =
            (handles.guard("an edit of the settings file".to_owned()), handles.pulling(&name));
        let component = Scrape { settings: entry.clone(), handles, secrets };
        ComponentSpec::collector(name, entry.clone(), component)
    };
    settings.scrape.iter().map(spec).collect()
}

#[async_trait]
impl Component for Scrape {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let (handles, secrets) = (self.handles.clone(), self.secrets.clone());
        collect::run_scrape(self.settings.clone(), handles, secrets, health, stop).await;
        Ok(())
    }
}
