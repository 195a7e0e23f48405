//! Scrapes a Prometheus target of the settings.

use async_trait::async_trait;
use config::Settings;
use model::HealthState;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};
use crate::{Confirmations, scrape_secrets::ScrapeSecrets};

struct Scrape {
    settings: config::ScrapeTarget,
    store: Store,
    clock: Clock,
    secrets: ScrapeSecrets,
    confirmations: Confirmations,
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
                secrets: handles.scrape_secrets.clone(),
                confirmations: handles.confirmations.clone(),
            };
            ComponentSpec::collector(name, entry.clone(), component)
        })
        .collect()
}

impl Scrape {
    /// Waits until the secrets of the job belong to its servers. Returns an error if a person does
    /// not confirm those that an edit of the settings file added.
    async fn confirmed(&self, health: &HealthReporter) -> Result<(), String> {
        let (secrets, job) = (self.secrets.clone(), self.settings.clone());
        let unconfirmed = tokio::task::spawn_blocking(move || secrets.unconfirmed(&job)).await;
        let effects = unconfirmed.map_err(|error| error.to_string())??;
        if effects.is_empty() {
            return Ok(());
        }
        let waits = "a secret belongs to other servers and is not sent until they are confirmed";
        health.report(HealthState::Unhealthy, format!("{waits}: {}", effects.join("; ")));
        let answer = self.confirmations.request(&effects, "an edit of the settings file").await;
        answer.map_err(|error| {
            format!("{waits} ({error}); change the job or restart Binnacle to be asked again")
        })?;
        let (secrets, job) = (self.secrets.clone(), self.settings.clone());
        tokio::task::spawn_blocking(move || secrets.confirm(&job)).await.map_err(|error| error.to_string())?
    }
}

#[async_trait]
impl Component for Scrape {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let confirmed = tokio::select! {
            confirmed = self.confirmed(&health) => confirmed,
            () = stop.cancelled() => return Ok(()),
        };
        if let Err(problem) = confirmed {
            health.report(HealthState::Unhealthy, problem);
            stop.cancelled().await;
            return Ok(());
        }
        collect::run_scrape(self.settings.clone(), self.store.clone(), self.clock.clone(), health, stop)
            .await;
        Ok(())
    }
}
