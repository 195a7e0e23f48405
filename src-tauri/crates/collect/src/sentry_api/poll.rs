//! The sync with one Sentry installation: one loop per feed, all through one client.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use config::SentryFeed;
use futures_util::future::join_all;
use model::{
    Attributes, HealthState, Resource, Sample, SamplesRequest, TagMatcher, TelemetryBatch, Temporality,
    TimeRange, Timestamp,
};
use parking_lot::Mutex;
use runtime::{Clock, HealthReporter, RetryPolicy, retry_while_busy};
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    checkpoint::Checkpoints,
    client::{Client, TokenSource},
    counts::{self, LastVariant},
    directory::{self, Organization},
    failure::Failure,
    issues, monitors, outcomes,
    rate_limiter::Endpoint,
    series, sessions,
    sync_health::SyncHealth,
    window::{Plan, Window},
};
use crate::batch_writer::BatchWriter;

/// Interval between updates of organizations and projects.
const DIRECTORY_INTERVAL: Duration = Duration::from_secs(600);
/// The pause after a permanent failure.
const PERMANENT_PAUSE: Duration = Duration::from_secs(900);
/// The minimum pause after a failure; the client waits longer if needed.
const FAILED_PAUSE: Duration = Duration::from_secs(1);
/// Multiple of the interval between walks through the issues.
const ISSUE_INTERVALS: u32 = 5;

/// Requests the metrics of the installation in `settings` until `stop` is cancelled, and stores
/// them. Checkpoints are in `state_folder`. The token is read from `token` at the start and after a
/// refusal.
pub async fn run_sentry(
    settings: config::Sentry,
    token: TokenSource,
    store: Store,
    clock: Clock,
    state_folder: PathBuf,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let (given, client_clock) = (settings.clone(), clock.clone());
    let client =
        tokio::task::spawn_blocking(move || Client::new(&given, token, client_clock)).await.unwrap_or_else(
            |_| Err("the client did not start: internal error, see the log of Binnacle".to_owned()),
        );
    let client = match client {
        Ok(client) => client,
        Err(problem) => {
            reporter.report(HealthState::Unhealthy, problem);
            return stop.cancelled().await;
        }
    };
    let writing = Arc::new(tokio::sync::Mutex::new(()));
    let poller = Poller {
        writing: writing.clone(),
        client,
        store,
        state_folder,
        reporter,
        stop: stop.clone(),
        directory: watch::Sender::new(None),
        directory_failure: Mutex::default(),
        problems: Mutex::default(),
        error_variant: LastVariant::default(),
        transaction_variant: LastVariant::default(),
        began: clock.now(),
        clock,
        settings,
    };
    tokio::select! {
        () = poller.run() => {}
        () = stop.cancelled() => {}
    }
    // A note that is on its variant to the disk must not come after the end.
    let _ended = writing.lock().await;
}

struct Poller {
    clock: Clock,
    /// Locked during writes of checkpoints.
    writing: Arc<tokio::sync::Mutex<()>>,
    settings: config::Sentry,
    client: Client,
    store: Store,
    state_folder: PathBuf,
    reporter: HealthReporter,
    stop: CancellationToken,
    directory: watch::Sender<Option<Arc<Vec<Organization>>>>,
    directory_failure: Mutex<Option<Failure>>,
    problems: Mutex<BTreeMap<(SentryFeed, String), Failure>>,
    error_variant: LastVariant,
    transaction_variant: LastVariant,
    began: Timestamp,
}

impl Poller {
    async fn run(&self) {
        let wanted = SentryFeed::ALL.into_iter().filter(|feed| !self.settings.exclude.contains(feed));
        let feeds = join_all(wanted.map(|feed| self.follow(feed)));
        tokio::join!(self.report_status(), self.write_self_metrics(), self.update_directory(), feeds);
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.interval_seconds.max(1)))
    }

    /// Updates the organizations and projects periodically.
    async fn update_directory(&self) {
        loop {
            let pause = match directory::load(&self.client, &self.settings).await {
                Ok(organizations) => {
                    *self.directory_failure.lock() = None;
                    self.reached();
                    let organizations = Arc::new(organizations);
                    self.directory.send_if_modified(|current| {
                        let changed = current.as_ref() != Some(&organizations);
                        *current = Some(organizations);
                        changed
                    });
                    DIRECTORY_INTERVAL
                }
                Err(failure) => {
                    let pause = if failure.is_permanent() { PERMANENT_PAUSE } else { FAILED_PAUSE };
                    *self.directory_failure.lock() = Some(failure);
                    pause
                }
            };
            self.clock.sleep(pause).await;
        }
    }

    /// Requests one feed of every organization periodically.
    async fn follow(&self, feed: SentryFeed) {
        let (folder, settings) = (self.state_folder.clone(), self.settings.clone());
        let writing = self.writing.clone();
        let loaded =
            tokio::task::spawn_blocking(move || Checkpoints::load(&folder, &settings, feed, writing));
        let Ok(mut checkpoints) = loaded.await else { return };
        let mut directory = self.directory.subscribe();
        let mut resting: HashMap<String, Instant> = HashMap::new();
        loop {
            let organizations = directory.borrow_and_update().clone().unwrap_or_default();
            let mut failed = false;
            for organization in organizations.iter() {
                let slug = &organization.slug;
                if resting.get(slug).is_some_and(|until| *until > self.clock.instant()) {
                    continue;
                }
                let key = (feed, slug.clone());
                let responses = self.client.responses();
                match self.collect(feed, organization, &mut checkpoints).await {
                    Ok(problem) => {
                        // Without a request the state of the installation is unknown.
                        if self.client.responses() != responses {
                            self.reached();
                        }
                        let mut problems = self.problems.lock();
                        match problem {
                            Some(problem) => problems.insert(key, problem),
                            None => problems.remove(&key),
                        };
                    }
                    Err(failure) => {
                        if failure.is_permanent() {
                            resting.insert(slug.clone(), self.clock.instant() + PERMANENT_PAUSE);
                        } else {
                            failed = true;
                        }
                        self.problems.lock().insert(key, failure);
                    }
                }
            }
            let pause = match feed {
                _ if failed => FAILED_PAUSE,
                SentryFeed::Issues => self.interval() * ISSUE_INTERVALS,
                _ => self.interval(),
            };
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                _ = directory.changed() => {}
            }
        }
    }

    /// Collects a feed of an organization once. Returns a problem that did not prevent it.
    async fn collect(
        &self,
        feed: SentryFeed,
        organization: &Organization,
        checkpoints: &mut Checkpoints,
    ) -> Result<Option<Failure>, Failure> {
        let source = self.settings.name.as_str();
        match feed {
            SentryFeed::Issues => self.walk(organization, checkpoints).await.map(|()| None),
            SentryFeed::Monitors => {
                let now = self.clock.now();
                let (batch, invalid) = monitors::monitors(&self.client, source, organization, now).await?;
                self.store(batch).await?;
                Ok((invalid > 0)
                    .then(|| Failure::Broken(format!("{invalid} monitors have an unknown format"))))
            }
            _ => self.catch_up(feed, organization, checkpoints).await.map(|()| None),
        }
    }

    /// Requests one closed window after the other up to the present. Then requests one earlier
    /// window again, for late events. One per call at most doubles the requests.
    async fn catch_up(
        &self,
        feed: SentryFeed,
        organization: &Organization,
        checkpoints: &mut Checkpoints,
    ) -> Result<(), Failure> {
        let plan = match feed {
            SentryFeed::Errors | SentryFeed::Transactions => Plan::fine(&self.settings),
            _ => Plan::hourly(&self.settings),
        };
        loop {
            let checkpoint = checkpoints.of(&organization.slug);
            let window = match checkpoint.pending {
                Some(window) => window,
                None => {
                    let Some(window) = plan.next(checkpoint.done, self.client.server_now()) else {
                        return self.refetch_late(feed, organization, checkpoints).await;
                    };
                    checkpoint.pending = Some(window);
                    checkpoints.save().await.map_err(Failure::Store)?;
                    window
                }
            };
            let batch = self.fetch(feed, organization, window).await?;
            if !self.is_stored(&batch, &organization.slug).await? {
                self.store(batch).await?;
            }
            checkpoints.of(&organization.slug).stored(window, self.client.server_now());
            checkpoints.save().await.map_err(Failure::Store)?;
        }
    }

    /// Requests a window again that was requested soon after its end. The new values replace the
    /// former ones, because they have the same series and time.
    async fn refetch_late(
        &self,
        feed: SentryFeed,
        organization: &Organization,
        checkpoints: &mut Checkpoints,
    ) -> Result<(), Failure> {
        let now = self.client.server_now();
        let Some(window) = checkpoints.of(&organization.slug).late(now) else { return Ok(()) };
        let batch = self.fetch(feed, organization, window).await?;
        self.store(batch).await?;
        checkpoints.of(&organization.slug).again.pop_front();
        checkpoints.save().await.map_err(Failure::Store)
    }

    async fn fetch(
        &self,
        feed: SentryFeed,
        organization: &Organization,
        window: Window,
    ) -> Result<TelemetryBatch, Failure> {
        let (client, source) = (&self.client, self.settings.name.as_str());
        match feed {
            SentryFeed::Errors => {
                counts::errors(client, &self.error_variant, source, organization, window).await
            }
            SentryFeed::Transactions => {
                counts::transactions(client, &self.transaction_variant, source, organization, window).await
            }
            SentryFeed::Outcomes => outcomes::outcomes(client, source, organization, window).await,
            _ => sessions::sessions(client, source, organization, window).await,
        }
    }

    /// Walks through the list of issues, from the checkpoint to its end.
    async fn walk(&self, organization: &Organization, checkpoints: &mut Checkpoints) -> Result<(), Failure> {
        loop {
            let walk = checkpoints.of(&organization.slug).walk.take();
            let continued = walk.is_some();
            let checkpoint = walk.clone();
            let now = self.clock.now();
            match issues::step(&self.client, &self.settings.name, organization, walk, now).await {
                Ok(issues::Step::Further(walk)) => {
                    checkpoints.of(&organization.slug).walk = Some(walk);
                    checkpoints.save().await.map_err(Failure::Store)?;
                }
                Ok(issues::Step::Whole(batch)) => {
                    self.store(batch).await?;
                    return checkpoints.save().await.map_err(Failure::Store);
                }
                // The cursor has expired; the walk restarts.
                Err(Failure::Rejected { .. } | Failure::NotFound) if continued => {}
                Err(failure) => {
                    checkpoints.of(&organization.slug).walk = checkpoint;
                    return Err(failure);
                }
            }
        }
    }

    /// Returns true if the batch is stored already, after a crash between the commit and the write
    /// of the checkpoint. One sample is enough, because a batch is one commit.
    async fn is_stored(&self, batch: &TelemetryBatch, organization: &str) -> Result<bool, Failure> {
        let Some(sample) = batch.samples.first() else { return Ok(false) };
        let Some((_, series)) = batch.series.iter().find(|(id, _)| *id == sample.series) else {
            return Ok(false);
        };
        let request = SamplesRequest {
            metric: series.name.clone(),
            matchers: vec![
                TagMatcher::equal("organization", organization),
                TagMatcher::equal("sentry.source", &self.settings.name),
            ],
            range: TimeRange::new(sample.time, sample.time.offset(1)),
            limit: 1,
        };
        let stored = self
            .store
            .metrics()
            .samples(&request)
            .await
            .map_err(|error| Failure::Store(error.to_string()))?;
        Ok(stored.iter().any(|points| !points.times.is_empty()))
    }

    /// Writes the batch and retries until the store accepts it. The checkpoint moves only
    /// afterwards.
    async fn store(&self, batch: TelemetryBatch) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        let write = || self.store.write(batch.clone());
        let policy = RetryPolicy::unlimited();
        let written = retry_while_busy(&self.clock, policy, self.stop.cancelled(), write).await;
        written.map_err(|error| Failure::Store(error.to_string()))
    }

    /// Clears the failures of the installation after a response.
    fn reached(&self) {
        self.problems.lock().retain(|_, failure| !failure.concerns_installation());
    }

    fn with_health<T>(&self, use_health: impl FnOnce(&SyncHealth<'_>) -> T) -> T {
        const ENDPOINTS: [Endpoint; 7] = [
            Endpoint::Organizations,
            Endpoint::Projects,
            Endpoint::Events,
            Endpoint::Stats,
            Endpoint::Sessions,
            Endpoint::Issues,
            Endpoint::Monitors,
        ];
        let now = self.clock.instant();
        let (retry, limited) = {
            let limiter = self.client.limiter();
            let limited = ENDPOINTS.iter().filter_map(|one| Some((*one, limiter.limited(*one, now)?)));
            (limiter.failing(now), limited.collect())
        };
        let directory = self.directory_failure.lock();
        let problems = self.problems.lock();
        use_health(&SyncHealth {
            directory: directory.as_ref(),
            organizations: self.directory.borrow().as_ref().map(|organizations| organizations.len()),
            problems: problems
                .iter()
                .map(|((feed, slug), failure)| (*feed, slug.as_str(), failure))
                .collect(),
            retry,
            limited,
            skew: self.client.skew_seconds(),
            now: self.clock.now(),
        })
    }

    /// Reports the health of the sync periodically.
    async fn report_status(&self) {
        loop {
            let (state, message) = self.with_health(|health| health.status());
            self.reporter.report(state, message);
            self.clock.sleep(Duration::from_millis(500)).await;
        }
    }

    /// Writes the state of the installation and the number of requests periodically.
    async fn write_self_metrics(&self) {
        let resource = Arc::new(Resource::service_named(&self.settings.name));
        // Their own failures are not reported.
        let reporter = HealthReporter::new("sentry requests");
        let mut writer =
            BatchWriter::new(self.clock.clone(), self.store.clone(), reporter, self.stop.clone());
        loop {
            self.clock.sleep(self.interval()).await;
            let (now, up) = (self.clock.now(), self.with_health(|health| health.is_up()));
            let mut batch = TelemetryBatch::default();
            let tags = Attributes::new().with("sentry.source", self.settings.name.as_str());
            let series_of =
                |metric, tags| series::series(metric, resource.clone(), tags, Temporality::Cumulative);
            batch.add_sample(series_of(&series::SOURCE_UP, tags.clone()), now, f64::from(u8::from(up)));
            for ((endpoint, status), count) in self.client.requests() {
                let status = if status == 0 { "none".to_owned() } else { status.to_string() };
                let tags = tags.clone().with("endpoint", endpoint.name()).with("status", status);
                let series = batch.add_series(series_of(&series::REQUESTS, tags));
                let sample = Sample { series, time: now, start_time: Some(self.began), value: count as f64 };
                batch.samples.push(sample);
            }
            writer.write(batch, "").await;
        }
    }
}
