//! Scrapes a Prometheus target of the settings.

use config::Settings;

use super::{entry, handles::SourceHandles, spec::ComponentSpec};

/// Makes one spec per scrape target.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let name = |entry: &config::ScrapeTarget| format!("scrape {}", entry.name);
    entry::specs(&settings.scrape, handles, name, |settings, store, clock, health, stop| {
        Box::pin(collect::run_scrape(settings, store, clock, health, stop))
    })
}
