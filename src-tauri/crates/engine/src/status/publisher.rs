//! Reads the status of the engine and publishes it.

use std::{path::PathBuf, time::Duration};

use alerts::AlertService;
use model::{CheckCounts, EngineStatus, HealthState, RecordCounts, Timestamp};
use runtime::Clock;
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    diagnostics::{Diagnostics, Observed},
    health::ComponentHealth,
    rates::Rates,
    receivers::Receivers,
};
use crate::{SettingsState, data::Demonstration};

/// Time between two readings.
const INTERVAL: Duration = Duration::from_secs(1);

/// The handles the status is read from.
pub(crate) struct StatusHandles {
    pub(crate) started: Timestamp,
    pub(crate) data_folder: PathBuf,
    pub(crate) settings: SettingsState,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) counts_at_start: RecordCounts,
    pub(crate) health: ComponentHealth,
    pub(crate) receivers: Receivers,
    pub(crate) alerts: AlertService,
    pub(crate) demonstration: Demonstration,
    pub(crate) paused: watch::Receiver<Option<Timestamp>>,
}

/// Reads the status and sends it to subscribers.
pub(crate) struct StatusPublisher {
    handles: StatusHandles,
    diagnostics: Diagnostics,
    sender: watch::Sender<Option<EngineStatus>>,
}

impl StatusPublisher {
    pub(crate) fn new(handles: StatusHandles) -> Self {
        Self { handles, diagnostics: Diagnostics::default(), sender: watch::Sender::new(None) }
    }

    /// Returns a receiver of the latest status and of every later one.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<EngineStatus>> {
        self.sender.subscribe()
    }

    /// Returns the latest published status. Reads it if none was published.
    pub(crate) async fn latest(&self) -> EngineStatus {
        let published = self.sender.borrow().clone();
        match published {
            Some(status) => status,
            None => self.read(&mut Rates::new(self.handles.clock.clone())).await,
        }
    }

    /// Publishes the status each second until `stop`.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        let mut rates = Rates::new(self.handles.clock.clone());
        loop {
            let status = self.read(&mut rates).await;
            self.sender.send_replace(Some(status));
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.handles.clock.sleep(INTERVAL) => {}
            }
        }
    }

    async fn read(&self, rates: &mut Rates) -> EngineStatus {
        let handles = &self.handles;
        let store = &handles.store;
        let statistics = store.admin().statistics().await.unwrap_or_default();
        let at_start = handles.counts_at_start;
        let committed = RecordCounts {
            samples: statistics.samples.saturating_sub(at_start.samples),
            logs: statistics.logs.saturating_sub(at_start.logs),
            spans: statistics.spans.saturating_sub(at_start.spans),
        };
        let demonstration_data = store.admin().has_demonstration().await.unwrap_or_default();
        let results = store.history().latest_check_results().await.unwrap_or_default();
        let count = |state| results.iter().filter(|result| result.state == state).count() as u32;
        let now = handles.clock.now();
        let observed = Observed {
            disk_space: store.admin().disk_space().await,
            faults: store.admin().segment_faults(),
            dropped: store.admin().dropped_series(),
            refused: handles.receivers.refused(),
            over_budget: handles.receivers.over_budget(),
        };
        let gone = store.admin().folder_fault().await;
        let mut diagnostics = self.diagnostics.of_folder(gone.as_ref(), &store.admin().data_notices(), now);
        diagnostics.extend(self.diagnostics.of_settings(handles.settings.error().as_ref(), now));
        diagnostics.extend(Diagnostics::of_clock(&handles.clock.jumps(), now));
        diagnostics.extend(self.diagnostics.update(&observed, now));
        EngineStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            started: handles.started,
            now,
            data_folder: handles.data_folder.display().to_string(),
            settings_file: handles.settings.path().display().to_string(),
            components: handles.health.statuses(),
            listeners: handles.receivers.statuses(),
            diagnostics,
            committed,
            rate: rates.add(committed),
            stored_bytes: statistics.bytes,
            alerts: handles.alerts.counts(),
            checks: CheckCounts {
                degraded: count(HealthState::Degraded),
                unhealthy: count(HealthState::Unhealthy),
            },
            paused: handles.paused.borrow().is_some(),
            muted_until: handles.alerts.muted_until(),
            demonstration: handles.demonstration.is_running(),
            demonstration_data,
        }
    }
}
