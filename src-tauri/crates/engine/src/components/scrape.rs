//! Scrapes a Prometheus target of the settings.

use async_trait::async_trait;
use config::Settings;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};

struct Scrape {
    settings: config::ScrapeTarget,
    store: Store,
    clock: Clock,
}

/// Makes one spec per scrape target.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    settings
        .scrape
        .iter()
        .map(|entry| {
            let name = format!("scrape {}", entry.name);
            let component = Scrape {
                settings: entry.clone(),
                store: handles.store.with_source(&name),
                clock: handles.clock.clone(),
            };
            ComponentSpec::collector(name, entry.clone(), component)
        })
        .collect()
}

#[async_trait]
impl Component for Scrape {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        collect::run_scrape(self.settings.clone(), self.store.clone(), self.clock.clone(), health, stop)
            .await;
        Ok(())
    }
}
