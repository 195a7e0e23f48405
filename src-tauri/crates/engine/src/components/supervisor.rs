//! Starts, stops and restarts sources so that those run that the settings require.

use std::collections::{BTreeMap, btree_map::Entry};

use config::Settings;
use model::Timestamp;
use runtime::Clock;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{handles::SourceHandles, restart, sources, spec::ComponentSpec};
use crate::{stage::Stage, status::ComponentHealth};

/// The running sources.
pub(crate) struct ComponentSupervisor {
    handles: SourceHandles,
    stage: Stage,
    clock: Clock,
    health: ComponentHealth,
    running: BTreeMap<String, (ComponentSpec, CancellationToken)>,
}

impl ComponentSupervisor {
    pub(crate) fn new(handles: SourceHandles, stage: Stage, clock: Clock, health: ComponentHealth) -> Self {
        Self { handles, stage, clock, health, running: BTreeMap::new() }
    }

    /// Starts the sources of the current settings. Afterwards every receiver is listed.
    pub(crate) fn begin(&mut self) {
        let settings = self.handles.settings.borrow().clone();
        self.apply(sources::specs(&settings, &self.handles));
    }

    /// Follows the settings, the Sentry tokens and `paused` until `stop`. No source runs while
    /// paused.
    pub(crate) async fn run(
        mut self,
        mut paused: watch::Receiver<Option<Timestamp>>,
        stop: CancellationToken,
    ) {
        let mut settings = self.handles.settings.clone();
        let mut tokens = self.handles.sentry_tokens.clone();
        loop {
            let current: Settings = settings.borrow_and_update().clone();
            let is_paused = paused.borrow_and_update().is_some();
            tokens.mark_unchanged();
            let required = if is_paused { Vec::new() } else { sources::specs(&current, &self.handles) };
            self.apply(required);
            tokio::select! {
                () = stop.cancelled() => return,
                changed = settings.changed() => if changed.is_err() { return },
                changed = paused.changed() => if changed.is_err() { return },
                changed = tokens.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Stops the sources that are no longer required, restarts those that changed and starts new
    /// ones.
    fn apply(&mut self, required: Vec<ComponentSpec>) {
        let required: BTreeMap<String, ComponentSpec> =
            required.into_iter().map(|spec| (spec.name().to_owned(), spec)).collect();
        self.running.retain(|name, (running, stop)| {
            let stays = required.get(name).is_some_and(|spec| spec.is_unchanged(running));
            if !stays {
                stop.cancel();
                self.health.remove(name);
                if let Some(receiver) = running.receiver_address()
                    && !required.contains_key(name)
                {
                    self.handles.receivers.remove(receiver.protocol.name);
                }
            }
            stays
        });
        for (name, spec) in required {
            if let Entry::Vacant(slot) = self.running.entry(name) {
                let stop = self.stage.token();
                let health = match spec.receiver_address() {
                    Some(receiver) => self.handles.receivers.add(receiver.protocol, &receiver.address),
                    None => self.health.reporter(spec.name()),
                };
                restart::supervise(&self.stage, self.clock.clone(), health, stop.clone(), spec.component());
                slot.insert((spec, stop));
            }
        }
    }
}
