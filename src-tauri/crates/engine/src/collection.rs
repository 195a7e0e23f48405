//! Keeps what is collected and received in step with the settings: starts what was added, stops what
//! was taken away, restarts what was changed, leaves the rest alone.

use std::collections::BTreeMap;

use config::Settings;
use store::SeriesLimits;
use tokio_util::sync::CancellationToken;

use crate::{
    Engine, EngineOptions, intake::Datagrams, intake::Intake, intake::Protocol, sentry, stage::Stage,
};

/// One thing that should run.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Listen(Protocol, String),
    Statsd(Datagrams, String, config::Statsd),
    Host(config::Host, Vec<config::WatchedProcess>),
    Scrape(Box<config::ScrapeTarget>),
    PrometheusFile(config::PrometheusFile),
    Command(config::Command),
    LogFile(config::LogFile),
    /// With how often its token was changed.
    Sentry(config::Sentry, u64),
}

/// The running collectors and listeners.
pub(crate) struct Collection {
    engine: Engine,
    stage: Stage,
    otlp_grpc: Option<String>,
    otlp_http: Option<String>,
    remote_write: Option<String>,
    statsd: Option<String>,
    running: BTreeMap<String, (Wanted, CancellationToken)>,
}

impl Collection {
    pub(crate) fn new(engine: Engine, stage: Stage, options: &EngineOptions) -> Self {
        Self {
            engine,
            stage,
            otlp_grpc: options.otlp_grpc.clone(),
            otlp_http: options.otlp_http.clone(),
            remote_write: options.remote_write.clone(),
            statsd: options.statsd.clone(),
            running: BTreeMap::new(),
        }
    }

    /// Starts what the settings want now. From here on every way in is listed.
    pub(crate) fn begin(&mut self) {
        let settings = self.engine.inner.settings.in_force();
        self.limit(&settings);
        let wanted = self.wanted(&settings);
        self.apply(wanted);
    }

    /// Follows the settings and the pause switch until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut settings = self.engine.inner.settings.watch();
        let mut paused = self.engine.inner.paused.subscribe();
        let mut tokens = self.engine.inner.sentry_tokens.subscribe();
        loop {
            let in_force = settings.borrow_and_update().clone();
            let is_paused = paused.borrow_and_update().is_some();
            self.limit(&in_force);
            tokens.mark_unchanged();
            self.apply(if is_paused { BTreeMap::new() } else { self.wanted(&in_force) });
            tokio::select! {
                () = stop.cancelled() => return,
                changed = settings.changed() => if changed.is_err() { return },
                changed = paused.changed() => if changed.is_err() { return },
                changed = tokens.changed() => if changed.is_err() { return },
            }
        }
    }

    fn limit(&self, settings: &Settings) {
        let limits = &settings.limits;
        let store = &self.engine.inner.store;
        store.keep_free(u64::from(settings.storage.reserve_megabytes) * 1_000_000);
        store.limit_series(SeriesLimits {
            total: limits.series.into(),
            per_service: limits.series_per_service.into(),
            values_per_label: limits.values_per_label.into(),
        });
    }

    fn wanted(&self, settings: &Settings) -> BTreeMap<String, Wanted> {
        let mut wanted = BTreeMap::new();
        let mut listen = |protocol, given: &Option<String>, set: &str| {
            let address = given.clone().unwrap_or_else(|| set.to_owned());
            if !address.is_empty() {
                wanted.insert(Intake::protocol_name(protocol).to_owned(), Wanted::Listen(protocol, address));
            }
        };
        listen(Protocol::OtlpGrpc, &self.otlp_grpc, &settings.listen.otlp_grpc);
        listen(Protocol::OtlpHttp, &self.otlp_http, &settings.listen.otlp_http);
        listen(Protocol::RemoteWrite, &self.remote_write, &settings.listen.remote_write);
        let statsd = self.statsd.as_ref().unwrap_or(&settings.listen.statsd);
        for (through, address) in
            [(Datagrams::Udp, statsd), (Datagrams::Unix, &settings.listen.statsd_socket)]
        {
            if !address.is_empty() {
                let part = Wanted::Statsd(through, address.clone(), settings.statsd.clone());
                wanted.insert(through.name().to_owned(), part);
            }
        }
        if settings.host.enabled || !settings.process.is_empty() {
            let part = Wanted::Host(settings.host.clone(), settings.process.clone());
            wanted.insert("host metrics".to_owned(), part);
        }
        for target in &settings.scrape {
            wanted.insert(format!("scrape {}", target.name), Wanted::Scrape(Box::new(target.clone())));
        }
        for file in &settings.prometheus {
            wanted.insert(format!("prometheus {}", file.file), Wanted::PrometheusFile(file.clone()));
        }
        for command in &settings.command {
            wanted.insert(format!("command {}", command.name), Wanted::Command(command.clone()));
        }
        for file in &settings.log_file {
            wanted.insert(format!("log file {}", file.path), Wanted::LogFile(file.clone()));
        }
        let tokens = *self.engine.inner.sentry_tokens.borrow();
        for installation in &settings.sentry {
            let name = format!("sentry {}", installation.name);
            wanted.insert(name, Wanted::Sentry(installation.clone(), tokens));
        }
        wanted
    }

    fn apply(&mut self, wanted: BTreeMap<String, Wanted>) {
        self.running.retain(|name, (running, stop)| {
            let stays = wanted.get(name) == Some(running);
            if !stays {
                stop.cancel();
                self.engine.inner.parts.forget(name);
                let protocol = match running {
                    Wanted::Listen(protocol, _) => Some(Intake::protocol_name(*protocol)),
                    Wanted::Statsd(through, ..) => Some(through.name()),
                    _ => None,
                };
                if let Some(protocol) = protocol.filter(|_| !wanted.contains_key(name)) {
                    self.engine.inner.intake.forget(protocol);
                }
            }
            stays
        });
        for (name, part) in wanted {
            if !self.running.contains_key(&name) {
                let stop = self.start(&name, part.clone());
                self.running.insert(name, (part, stop));
            }
        }
    }

    fn start(&self, name: &str, part: Wanted) -> CancellationToken {
        let stop = self.stage.token();
        let inner = self.engine.inner.clone();
        let reporter = match &part {
            Wanted::Listen(protocol, address) => inner.intake.list(*protocol, address),
            Wanted::Statsd(through, address, _) => inner.intake.list_datagrams(*through, address),
            _ => inner.parts.reporter(name),
        };
        let in_part = reporter.clone();
        let way = name.to_owned();
        self.stage.supervise(reporter, stop.clone(), move |stop| {
            let (inner, reporter, part) = (inner.clone(), in_part.clone(), part.clone());
            let store = inner.store.through(&way);
            async move {
                match part {
                    Wanted::Listen(protocol, address) => {
                        return inner.intake.serve(protocol, address, reporter, store, stop).await;
                    }
                    Wanted::Host(settings, watched) => {
                        collect::run_host(settings, watched, store, reporter, stop).await;
                    }
                    Wanted::Statsd(through, address, settings) => {
                        return inner
                            .intake
                            .serve_statsd(through, address, settings, reporter, store, stop)
                            .await;
                    }
                    Wanted::Scrape(target) => collect::run_scrape(*target, store, reporter, stop).await,
                    Wanted::PrometheusFile(file) => {
                        collect::run_prometheus_file(file, store, reporter, stop).await;
                    }
                    Wanted::Command(command) => {
                        collect::run_command(command, store, reporter, stop).await;
                    }
                    Wanted::LogFile(file) => {
                        let positions = inner.data_folder.join("positions");
                        collect::run_tail(file, store, positions, reporter, stop).await;
                    }
                    Wanted::Sentry(installation, _) => {
                        let positions = inner.data_folder.join("positions");
                        let token = sentry::token_source(&installation, inner.secrets.clone());
                        let (asked, folder) = (installation.clone(), positions.clone());
                        collect::run_sentry(installation, token, store, positions, reporter, stop).await;
                        sentry::forget_if_removed(asked, folder, &inner.settings.in_force()).await;
                    }
                }
                Ok(())
            }
        });
        stop
    }
}
