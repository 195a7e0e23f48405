//! Follows log files.

use runtime::{Clock, HealthReporter};
use std::path::PathBuf;

use async_trait::async_trait;
use config::{LogFile, Settings};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};

struct LogFileTail {
    settings: LogFile,
    store: Store,
    clock: Clock,
    checkpoints: PathBuf,
}

/// Makes one spec per log file entry.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    settings
        .log_file
        .iter()
        .map(|entry| {
            let name = format!("log file {}", entry.path);
            let component = LogFileTail {
                settings: entry.clone(),
                store: handles.store.with_source(&name),
                clock: handles.clock.clone(),
                checkpoints: handles.checkpoints.clone(),
            };
            ComponentSpec::collector(name, entry.clone(), component)
        })
        .collect()
}

#[async_trait]
impl Component for LogFileTail {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let (settings, checkpoints) = (self.settings.clone(), self.checkpoints.clone());
        collect::run_tail(settings, self.store.clone(), self.clock.clone(), checkpoints, health, stop).await;
        Ok(())
    }
}
