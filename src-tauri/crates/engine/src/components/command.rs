//! Runs a command periodically and collects the metrics it prints.

use async_trait::async_trait;
use config::Settings;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};

struct Command {
    settings: config::Command,
    store: Store,
    clock: Clock,
}

/// Makes one spec per command.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    settings
        .command
        .iter()
        .map(|entry| {
            let name = format!("command {}", entry.name);
            let component = Command {
                settings: entry.clone(),
                store: handles.store.with_source(&name),
                clock: handles.clock.clone(),
            };
            ComponentSpec::collector(name, entry.clone(), component)
        })
        .collect()
}

#[async_trait]
impl Component for Command {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        collect::run_command(self.settings.clone(), self.store.clone(), self.clock.clone(), health, stop)
            .await;
        Ok(())
    }
}
