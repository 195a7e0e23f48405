//! Runs a command periodically and collects the metrics it prints.

use config::Settings;

use super::{entry, handles::SourceHandles, spec::ComponentSpec};

/// Makes one spec per command.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let name = |entry: &config::Command| format!("command {}", entry.name);
    entry::specs(&settings.command, handles, name, |settings, store, clock, health, stop| {
        Box::pin(collect::run_command(settings, store, clock, health, stop))
    })
}
