//! A running engine: access to its services, and stopping.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use alerts::AlertService;
use checks::CheckService;
use model::EngineStatus;
use runtime::Clock;
use store::Store;
use tokio::sync::watch;

use crate::{
    Confirmations, EngineError, Instance, SettingsState,
    data::{Demonstration, Imports, Retention, Uploads},
    pause::PauseSwitch,
    sentry::{SentryChecks, SentryInstallations},
    stage::Stage,
    status::{Receivers, StatusPublisher},
};

/// Time the tasks of a stage have to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);

/// A running engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Services>,
}

/// The services of an engine, made by the builder.
pub(crate) struct Services {
    pub(crate) instance: Instance,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) settings: SettingsState,
    pub(crate) receivers: Receivers,
    pub(crate) checks: CheckService,
    pub(crate) alerts: AlertService,
    pub(crate) confirmations: Confirmations,
    pub(crate) retention: Retention,
    pub(crate) imports: Imports,
    pub(crate) uploads: Uploads,
    pub(crate) demonstration: Demonstration,
    pub(crate) sentry: SentryInstallations,
    pub(crate) sentry_checks: SentryChecks,
    pub(crate) pause: PauseSwitch,
    pub(crate) status: Arc<StatusPublisher>,
    pub(crate) stages: Stages,
}

/// Tasks in the order they are stopped.
#[derive(Default)]
pub(crate) struct Stages {
    pub(crate) sources: Stage,
    pub(crate) checks: Stage,
    pub(crate) alerts: Stage,
    pub(crate) observation: Stage,
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Engine").field("data_folder", &self.data_folder()).finish_non_exhaustive()
    }
}

impl Engine {
    pub(crate) fn new(services: Services) -> Self {
        Self { shared: Arc::new(services) }
    }

    /// Stops every component, upstream first, waits for ongoing work and closes the store.
    pub async fn stop(&self) {
        let services = &self.shared;
        services.instance.retract();
        services.demonstration.stop().await;
        let stages = &services.stages;
        for (name, stage) in [
            ("sources", &stages.sources),
            ("checks", &stages.checks),
            ("alerts", &stages.alerts),
            ("observation", &stages.observation),
        ] {
            if !stage.stop(STOP_TIMEOUT).await {
                tracing::warn!(stage = name, "tasks did not end in time, stopping goes on");
            }
        }
        services.pause.record_ongoing().await;
        // The next start records the absence from here on.
        let _ = services.store.history().heartbeat(services.clock.now()).await;
        if let Err(error) = services.store.clone().close().await {
            tracing::error!(%error, "store not closed cleanly, its log is replayed at the next start");
        }
    }

    /// Returns the clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Returns the store.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// Returns the health checks.
    pub fn checks(&self) -> &CheckService {
        &self.shared.checks
    }

    /// Returns the alert rules and their alerts.
    pub fn alerts(&self) -> &AlertService {
        &self.shared.alerts
    }

    /// Returns the changes that wait for a confirmation on this machine.
    pub fn confirmations(&self) -> &Confirmations {
        &self.shared.confirmations
    }

    /// Returns the settings.
    pub fn settings(&self) -> &SettingsState {
        &self.shared.settings
    }

    /// Returns the receivers.
    pub fn receivers(&self) -> &Receivers {
        &self.shared.receivers
    }

    /// Returns the retention of the stored data.
    pub fn retention(&self) -> &Retention {
        &self.shared.retention
    }

    /// Returns the uploads of files for imports.
    pub fn uploads(&self) -> &Uploads {
        &self.shared.uploads
    }

    /// Returns the imports of files.
    pub fn imports(&self) -> &Imports {
        &self.shared.imports
    }

    /// Returns the demonstration shop.
    pub fn demonstration(&self) -> &Demonstration {
        &self.shared.demonstration
    }

    /// Returns the Sentry installations.
    pub fn sentry(&self) -> &SentryInstallations {
        &self.shared.sentry
    }

    /// Returns the checks of self-hosted Sentry installations.
    pub fn sentry_checks(&self) -> &SentryChecks {
        &self.shared.sentry_checks
    }

    /// Returns the data folder.
    pub fn data_folder(&self) -> &Path {
        self.shared.instance.folder()
    }

    /// Publishes the address of the console's page and the socket to other programs of this user.
    pub fn publish(&self, address: &str, socket: &Path) -> Result<(), EngineError> {
        self.shared.instance.publish(address, socket)
    }

    /// Returns a receiver of the latest status and of every later one.
    pub fn watch_status(&self) -> watch::Receiver<Option<EngineStatus>> {
        self.shared.status.subscribe()
    }

    /// Returns the latest status. An engine that does not observe reads it now.
    pub async fn status(&self) -> EngineStatus {
        self.shared.status.latest().await
    }

    /// Pauses or resumes sources and scheduled checks. The observation ledger records the pause.
    pub async fn pause(&self, paused: bool) {
        self.shared.pause.set(paused).await;
    }
}
