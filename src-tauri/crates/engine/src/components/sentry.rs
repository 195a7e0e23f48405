//! Collects the issues, releases and statistics of a Sentry installation.

use collect::PullHandles;
use runtime::HealthReporter;
use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use checks::SecretStore;
use config::{Sentry, Settings};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};
use crate::sentry::{TokenSources, forget_if_removed, token_source};

struct SentryInstallation {
    settings: Sentry,
    handles: PullHandles,
    secrets: Arc<dyn SecretStore>,
    token_sources: TokenSources,
    checkpoints: PathBuf,
    all_settings: watch::Receiver<Settings>,
}

/// Makes one spec per installation. A changed token restarts it.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let token_changes = *handles.sentry_tokens.borrow();
    settings
        .sentry
        .iter()
        .map(|entry| {
            let name = format!("sentry {}", entry.name);
            let component = SentryInstallation {
                settings: entry.clone(),
                handles: handles.pulling(&name),
                secrets: handles.secrets.clone(),
                token_sources: handles.token_sources.clone(),
                checkpoints: handles.checkpoints.clone(),
                all_settings: handles.settings.clone(),
            };
            ComponentSpec::collector(name, (entry.clone(), token_changes), component)
        })
        .collect()
}

#[async_trait]
impl Component for SentryInstallation {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let token = token_source(&self.settings, self.secrets.clone(), Some(self.token_sources.clone()));
        let (settings, checkpoints) = (self.settings.clone(), self.checkpoints.clone());
        collect::run_sentry(settings, token, self.handles.clone(), checkpoints, health, stop).await;
        let current = self.all_settings.borrow().clone();
        forget_if_removed(self.settings.clone(), self.checkpoints.clone(), &current).await;
        Ok(())
    }
}
