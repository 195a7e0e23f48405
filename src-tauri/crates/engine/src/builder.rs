//! Builds an engine from its options and starts its components.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

use alerts::{AlertService, Channels, DESKTOP};
use checks::{CheckService, SecretStore};
use ingest::IntakeBudget;
use model::{RecordCounts, Timestamp};
use runtime::ResponseBudget;
use store::{Store, StoreOptions};

use crate::{
    Confirmations, Engine, EngineError, EngineOptions, Instance, SettingsState,
    components::{
        self, AnomalyDetection, ComponentSupervisor, LedgerRecorder, ListenAddresses, MemoryRelease,
        PeriodicRetention, SelfMetrics, SourceHandles, SpanMetrics,
    },
    data::{self, Demonstration, Imports, Retention, Uploads},
    engine::{Services, Stages},
    pause::PauseSwitch,
    process,
    sentry::{self, SentryChecks, SentryInstallations, TokenSources},
    status::{ComponentHealth, Receivers, StatusHandles, StatusPublisher, ledger},
};

impl Engine {
    /// Starts an engine.
    ///
    /// 1. Raises the limit of open files, locks the data folder, opens store, settings and secrets.
    /// 2. Starts checks and alerts.
    /// 3. Starts all components, and waits until every receiver listens or has reported why it
    ///    cannot.
    ///
    /// Fails if another engine has the folder, or if the store or the settings cannot be opened. An
    /// engine that does not observe skips step 3, runs checks on request only and evaluates no
    /// rule.
    pub async fn start(options: EngineOptions) -> Result<Self, EngineError> {
        process::raise_open_files();
        let instance = Instance::acquire(&options.data_folder)?;
        let Opened { store, settings, secrets, checkpoints } = Opened::open(&options).await?;

        let stages = Stages::default();
        let clock = options.clock.clone();
        let started = clock.now();
        let last_run = store.history().last_heartbeat().await?;
        ledger::restore_jumps(&store, &clock).await?;
        if options.observe {
            // On a full disk it starts all the same.
            if let Err(error) = ledger::record_absence(&store, started).await {
                tracing::warn!(%error, "the time without Binnacle is not recorded");
            }
        }
        let stored = store.admin().statistics().await?;
        let checks =
            CheckService::start(store.clone(), secrets.clone(), clock.clone(), stages.checks.token());
        let alerts_stop = stages.alerts.token();
        if !options.observe {
            checks.pause(true);
            alerts_stop.cancel();
        }
        let desktop = settings.desktop_notifications();
        let channels = Channels::open(move |channel| channel == DESKTOP && desktop.load(Ordering::Relaxed))
            .map_err(EngineError::Channels)?;
        let alerts = AlertService::start(store.clone(), channels, clock.clone(), alerts_stop);

        let confirmations = Confirmations::new(clock.clone(), alerts.clone());
        let buttons = confirmations.clone().follow(alerts.subscribe_chosen(), stages.alerts.token());
        stages.alerts.spawn(buttons);

        let budget = IntakeBudget::default();
        let demonstration =
            Demonstration::new(store.clone(), budget.clone(), clock.clone(), started.0.unsigned_abs());
        let pause = PauseSwitch::new(checks.clone(), store.clone(), clock.clone());
        let (health, receivers) = (ComponentHealth::default(), Receivers::default());
        let status = StatusPublisher::new(StatusHandles {
            started,
            data_folder: options.data_folder.clone(),
            settings: settings.clone(),
            store: store.clone(),
            clock: clock.clone(),
            counts_at_start: RecordCounts { samples: stored.samples, logs: stored.logs, spans: stored.spans },
            health: health.clone(),
            receivers: receivers.clone(),
            alerts: alerts.clone(),
            demonstration: demonstration.clone(),
            paused: pause.subscribe(),
        });
        let token_sources = TokenSources::new(&options.data_folder);
        let services = Services {
            instance,
            retention: Retention::new(store.clone(), clock.clone(), settings.watch()),
            imports: Imports::new(store.clone(), clock.clone(), stages.sources.clone()),
            uploads: Uploads::open(
                options.data_folder.join("uploads"),
                store.clone(),
                clock.clone(),
                stages.sources.clone(),
            )?,
            demonstration,
            sentry: SentryInstallations::new(
                settings.clone(),
                secrets.clone(),
                token_sources.clone(),
                clock.clone(),
                checkpoints.clone(),
            ),
            sentry_checks: SentryChecks::new(checks.clone(), alerts.clone(), clock.clone()),
            pause,
            status: Arc::new(status),
            clock,
            store,
            settings,
            receivers,
            checks,
            alerts,
            confirmations,
            stages,
        };
        if options.observe {
            let handles = SourceHandles {
                store: services.store.clone(),
                clock: services.clock.clone(),
                receivers: services.receivers.clone(),
                budget,
                responses: ResponseBudget::default(),
                addresses: ListenAddresses {
                    otlp_grpc: options.otlp_grpc,
                    otlp_http: options.otlp_http,
                    remote_write: options.remote_write,
                    statsd: options.statsd,
                },
                settings: services.settings.watch(),
                secrets,
                token_sources,
                scrape_secrets: services.settings.scrape_secrets(),
                confirmations: services.confirmations.clone(),
                sentry_tokens: services.sentry.token_changes(),
                checkpoints,
            };
            start_components(&services, handles, &health, last_run);
            services.receivers.settled().await;
        }
        Ok(Self::new(services))
    }
}

/// Resources that are opened before any component starts.
struct Opened {
    store: Store,
    settings: SettingsState,
    secrets: Arc<dyn SecretStore>,
    checkpoints: PathBuf,
}

impl Opened {
    /// Opens store, settings, secrets and checkpoints on a blocking thread.
    async fn open(options: &EngineOptions) -> Result<Self, EngineError> {
        let folder = options.data_folder.clone();
        let settings_file = options.settings_file.clone().unwrap_or_else(|| folder.join("settings.toml"));
        let store_options = StoreOptions { clock: options.clock.clone(), ..options.store.clone() };
        let open = move || {
            let folder: &Path = &folder;
            let opened = Self {
                store: Store::open(folder, store_options)?,
                settings: SettingsState::open(&settings_file, folder)?,
                secrets: checks::open_secrets(folder),
                checkpoints: data::checkpoint_folder(folder)?,
            };
            sentry::bind_stored_tokens(&opened.settings.in_force(), opened.secrets.as_ref());
            Ok(opened)
        };
        tokio::task::spawn_blocking(open)
            .await
            .map_err(|reason| EngineError::Panicked { operation: "start", reason })?
    }
}

/// Starts the sources and the components that run whatever the settings say.
fn start_components(
    services: &Services,
    handles: SourceHandles,
    health: &ComponentHealth,
    last_run: Option<Timestamp>,
) {
    let (store, settings, clock) = (&services.store, &services.settings, &services.clock);
    let (sources, observation) = (&services.stages.sources, &services.stages.observation);

    let (budget, responses) = (handles.budget.clone(), handles.responses.clone());
    data::apply_limits(store, &budget, &responses, &settings.in_force());
    let (watched, token) = (settings.watch(), sources.token());
    sources.spawn(data::follow_limits(store.clone(), budget, responses, watched, token));

    let mut supervisor = ComponentSupervisor::new(handles, sources.clone(), clock.clone(), health.clone());
    supervisor.begin();
    sources.spawn(supervisor.run(services.pause.subscribe(), sources.token()));

    let spans = SpanMetrics { store: store.clone(), clock: clock.clone() };
    components::start(observation, clock, health.reporter("span metrics"), spans);

    let recorder = LedgerRecorder { store: store.clone(), clock: clock.clone() };
    components::start(observation, clock, health.reporter("observation ledger"), recorder);

    let retention = PeriodicRetention {
        retention: services.retention.clone(),
        clock: clock.clone(),
        settings: settings.watch(),
        last_run,
    };
    components::start(observation, clock, health.reporter("retention"), retention);

    let release = MemoryRelease { store: store.clone(), clock: clock.clone() };
    components::start(observation, clock, health.reporter("memory release"), release);

    let detection =
        AnomalyDetection { store: store.clone(), clock: clock.clone(), settings: settings.watch() };
    components::start(observation, clock, health.reporter("anomaly detection"), detection);

    let (status, alerts) = (services.status.subscribe(), services.alerts.clone());
    let metrics = SelfMetrics {
        store: store.clone(),
        clock: clock.clone(),
        settings: settings.watch(),
        status,
        alerts,
    };
    components::start(sources, clock, health.reporter("self metrics"), metrics);

    let (status, stop) = (services.status.clone(), observation.token());
    observation.spawn(async move { status.run(stop).await });
}
