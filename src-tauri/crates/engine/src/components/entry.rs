//! Collectors of which the settings have any number: one component per entry.

use std::{future::Future, pin::Pin};

use async_trait::async_trait;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{component::Component, handles::SourceHandles, spec::ComponentSpec};

/// A collector that runs until it is stopped.
pub(super) type Collecting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts the collector of one entry.
pub(super) type Collect<E> = fn(E, Store, Clock, HealthReporter, CancellationToken) -> Collecting;

struct Entry<E> {
    settings: E,
    store: Store,
    clock: Clock,
    collect: Collect<E>,
}

/// Makes one spec per entry of the settings. `name` returns the unique name of its component.
pub(super) fn specs<E: Clone + PartialEq + Send + Sync + 'static>(
    entries: &[E],
    handles: &SourceHandles,
    name: impl Fn(&E) -> String,
    collect: Collect<E>,
) -> Vec<ComponentSpec> {
    let spec = |entry: &E| {
        let name = name(entry);
        let component = Entry {
            settings: entry.clone(),
            store: handles.store.with_source(&name),
            clock: handles.clock.clone(),
            collect,
        };
        ComponentSpec::collector(name, entry.clone(), component)
    };
    entries.iter().map(spec).collect()
}

#[async_trait]
impl<E: Clone + Send + Sync + 'static> Component for Entry<E> {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        (self.collect)(self.settings.clone(), self.store.clone(), self.clock.clone(), health, stop).await;
        Ok(())
    }
}
