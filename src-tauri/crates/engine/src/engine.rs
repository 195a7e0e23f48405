//! The engine: all parts, started and stopped in order.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alerts::AlertService;
use checks::{CheckScheduler, SecretStore};
use model::{EngineStatus, Gap, GapReason, PartReporter, RecordCounts, TimeRange, Timestamp};
use store::Store;
use tokio::sync::{Mutex as AsyncMutex, watch};

use crate::{
    EngineError, EngineOptions, Instance, Intake, SettingsState, anomaly_detection, collection::Collection,
    demonstration::Demonstration, imports::Imports, ledger, notices::Notices,
    notifications::SwitchedNotifier, now, own, retention, stage::Stage, status,
};

/// A running engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) started: Timestamp,
    pub(crate) data_folder: PathBuf,
    pub(crate) instance: Instance,
    pub(crate) store: Store,
    pub(crate) settings: SettingsState,
    pub(crate) intake: Intake,
    pub(crate) parts: Parts,
    pub(crate) notices: Notices,
    pub(crate) checks: CheckScheduler,
    pub(crate) secrets: Arc<dyn SecretStore>,
    /// Counts how often a token of a Sentry installation was changed.
    pub(crate) sentry_tokens: watch::Sender<u64>,
    pub(crate) alerts: AlertService,
    pub(crate) demonstration: AsyncMutex<Demonstration>,
    pub(crate) imports: Imports,
    pub(crate) paused: watch::Sender<Option<Timestamp>>,
    pub(crate) held_at_start: RecordCounts,
    pub(crate) status: watch::Sender<Option<EngineStatus>>,
    stages: Stages,
}

/// Tasks by the order they are stopped in.
#[derive(Default)]
struct Stages {
    intake: Stage,
    checks: Stage,
    alerts: Stage,
    observation: Stage,
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Engine").field("data_folder", &self.inner.data_folder).finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts an engine: takes the data folder, opens the store, reads the settings, starts every part. Once
    /// it is there, every way in accepts traffic or says why it cannot.
    ///
    /// Fails if another engine has the folder, the store cannot be opened or the settings cannot be read.
    pub async fn start(options: EngineOptions) -> Result<Self, EngineError> {
        let instance = Instance::acquire(&options.data_folder)?;
        let settings_file =
            options.settings_file.clone().unwrap_or_else(|| options.data_folder.join("settings.toml"));
        let (folder, store_options) = (options.data_folder.clone(), options.store.clone());
        let (store, settings, secrets) = tokio::task::spawn_blocking(move || {
            let store = Store::open(&folder, store_options)?;
            let settings = SettingsState::open(&settings_file)?;
            Ok::<_, EngineError>((store, settings, checks::open_secrets(&folder)))
        })
        .await
        .map_err(|error| EngineError::Refused(format!("cannot start: {error}")))??;

        let stages = Stages::default();
        let started = now();
        if options.observe {
            ledger::record_absence(&store, started).await?;
        }
        let held = store.statistics().await?;
        let checks = CheckScheduler::start(store.clone(), secrets.clone(), stages.checks.token());
        if !options.observe {
            // Asked-for looks are still made.
            checks.pause(true);
        }
        let alerts_stop = stages.alerts.token();
        if !options.observe {
            alerts_stop.cancel();
        }
        let notifier = SwitchedNotifier::new(settings.desktop_notifications())
            .map_err(|error| EngineError::Refused(format!("cannot start notifications: {error}")))?;
        let alerts = AlertService::start(store.clone(), Arc::new(notifier), alerts_stop);

        let engine = Self {
            inner: Arc::new(Inner {
                started,
                data_folder: options.data_folder.clone(),
                instance,
                store,
                settings,
                intake: Intake::default(),
                parts: Parts::default(),
                notices: Notices::default(),
                checks,
                secrets,
                sentry_tokens: watch::Sender::new(0),
                alerts,
                demonstration: AsyncMutex::default(),
                imports: Imports::default(),
                paused: watch::Sender::new(None),
                held_at_start: RecordCounts { samples: held.samples, logs: held.logs, spans: held.spans },
                status: watch::Sender::new(None),
                stages,
            }),
        };
        if options.observe {
            engine.start_parts(&options);
            engine.inner.intake.settled().await;
        }
        Ok(engine)
    }

    fn start_parts(&self, options: &EngineOptions) {
        let inner = &self.inner;
        let stages = &inner.stages;

        let mut collection = Collection::new(self.clone(), stages.intake.clone(), options);
        collection.begin();
        stages.intake.spawn(collection.run(stages.intake.token()));

        let spans = inner.parts.reporter("span metrics");
        let store = inner.store.clone();
        stages.observation.supervise(spans.clone(), stages.observation.token(), move |stop| {
            let (store, spans) = (store.clone(), spans.clone());
            async move {
                collect::run_span_metrics(store, spans, stop).await;
                Ok(())
            }
        });

        stages.observation.spawn(ledger::run(
            inner.store.clone(),
            inner.parts.reporter("observation ledger"),
            stages.observation.token(),
        ));
        stages.observation.spawn(retention::run(
            self.clone(),
            inner.parts.reporter("retention"),
            stages.observation.token(),
        ));
        stages.observation.spawn(anomaly_detection::run(
            inner.store.clone(),
            inner.settings.watch(),
            inner.parts.reporter("analysis"),
            stages.observation.token(),
        ));
        stages.observation.spawn(status::run(self.clone(), stages.observation.token()));
        stages.intake.spawn(own::run(
            self.clone(),
            inner.parts.reporter("own metrics"),
            stages.intake.token(),
        ));
    }

    /// Stops every part, upstream first, waits for what is under way, and closes the store.
    pub async fn stop(&self) {
        self.inner.instance.retract();
        let deadline = Duration::from_secs(8);
        let stages = &self.inner.stages;
        self.inner.demonstration.lock().await.stop().await;
        for (name, stage) in [
            ("intake", &stages.intake),
            ("checks", &stages.checks),
            ("alerts", &stages.alerts),
            ("observation", &stages.observation),
        ] {
            if !stage.stop(deadline).await {
                tracing::warn!(stage = name, "some tasks did not end in time");
            }
        }
        if let Some(since) = *self.inner.paused.borrow() {
            self.record_pause(since).await;
        }
        // Not an absence yet: what follows is recorded by the next start.
        let _ = self.inner.store.heartbeat(now()).await;
        if let Err(error) = self.inner.store.clone().close().await {
            tracing::error!(%error, "the store did not close cleanly; its log is replayed at the next start");
        }
    }

    pub(crate) fn intake_stage(&self) -> &Stage {
        &self.inner.stages.intake
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The health checks.
    pub fn checks(&self) -> &CheckScheduler {
        &self.inner.checks
    }

    /// The rules and their alerts.
    pub fn alerts(&self) -> &AlertService {
        &self.inner.alerts
    }

    /// The settings.
    pub fn settings(&self) -> &SettingsState {
        &self.inner.settings
    }

    /// The ways in that listen.
    pub fn intake(&self) -> &Intake {
        &self.inner.intake
    }

    /// The data folder.
    pub fn data_folder(&self) -> &Path {
        &self.inner.data_folder
    }

    /// The token the console asks for: kept in the data folder, or a `fresh` one that is kept from now on.
    pub fn token(&self, fresh: impl FnOnce() -> String) -> Result<String, EngineError> {
        self.inner.instance.token(fresh)
    }

    /// Tells other programs of this user where the engine's web front is.
    pub fn publish(&self, address: &str, token: &str) -> Result<(), EngineError> {
        self.inner.instance.publish(address, token)
    }

    /// The latest status, and word of every later one.
    pub fn watch_status(&self) -> watch::Receiver<Option<EngineStatus>> {
        self.inner.status.subscribe()
    }

    /// The latest status; taken right now by an engine that does not observe.
    pub async fn status(&self) -> EngineStatus {
        let published = self.inner.status.borrow().clone();
        match published {
            Some(status) => status,
            None => status::read(self, &mut status::Rates::default()).await,
        }
    }

    /// Stops or resumes collecting, receiving and scheduled checks. The pause goes into the observation ledger.
    pub async fn pause(&self, paused: bool) {
        let since = *self.inner.paused.borrow();
        match (since, paused) {
            (None, true) => {
                self.inner.checks.pause(true);
                self.inner.paused.send_replace(Some(now()));
            }
            (Some(since), false) => {
                self.inner.checks.pause(false);
                self.inner.paused.send_replace(None);
                self.record_pause(since).await;
            }
            _ => {}
        }
    }

    async fn record_pause(&self, since: Timestamp) {
        let gap = Gap { range: TimeRange::new(since, now()), reason: GapReason::Paused };
        if let Err(error) = self.inner.store.record_gap(gap).await {
            tracing::warn!(%error, "a pause is missing in the observation ledger");
        }
    }
}

/// What the parts say of themselves, in the order they were started.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    reporters: Mutex<Vec<PartReporter>>,
}

impl Parts {
    /// A reporter for a part; one of the same name is replaced.
    pub(crate) fn reporter(&self, name: &str) -> PartReporter {
        let reporter = PartReporter::new(name);
        let mut reporters = self.reporters.lock().unwrap_or_else(PoisonError::into_inner);
        match reporters.iter_mut().find(|other| other.status().name == name) {
            Some(slot) => *slot = reporter.clone(),
            None => reporters.push(reporter.clone()),
        }
        reporter
    }

    pub(crate) fn forget(&self, name: &str) {
        self.reporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|reporter| reporter.status().name != name);
    }

    pub(crate) fn statuses(&self) -> Vec<model::PartStatus> {
        self.reporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(PartReporter::status)
            .collect()
    }
}
