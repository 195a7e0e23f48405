//! The sync with one Sentry installation: one loop per feed, all through one client.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use config::SentryFeed;
use futures_util::future::join_all;
use model::{Attributes, HealthState, Resource, Sample, TelemetryBatch, Temporality, Timestamp};
use parking_lot::Mutex;
use runtime::{Clock, HealthReporter};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    checkpoint::Checkpoints,
    client::{Client, TokenSource},
    collection::FeedCollection,
    directory::{self, Organization},
    failure::Failure,
    rate_limiter::Endpoint,
    series,
    sync_health::SyncHealth,
};
use crate::{PullHandles, batch_writer::BatchWriter};

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
    handles: PullHandles,
    state_folder: PathBuf,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let PullHandles { store, clock, responses } = handles;
    let (given, client_clock) = (settings.clone(), clock.clone());
    let client =
        tokio::task::spawn_blocking(move || Client::new(&given, token, client_clock, responses.client()))
            .await
            .unwrap_or_else(|_| {
                Err("the client did not start: internal error, see the log of Binnacle".to_owned())
            });
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
        collection: FeedCollection::new(settings.clone(), client, store, clock.clone(), stop.clone()),
        state_folder,
        reporter,
        stop: stop.clone(),
        directory: watch::Sender::new(None),
        directory_failure: Mutex::default(),
        problems: Mutex::default(),
        began: clock.now(),
        clock,
        settings,
    };
    tokio::select! {
        () = poller.run() => {}
        () = stop.cancelled() => {}
    }
    // A checkpoint that is being written must not come after the end.
    let _ended = writing.lock().await;
}

struct Poller {
    clock: Clock,
    /// Locked during writes of checkpoints.
    writing: Arc<tokio::sync::Mutex<()>>,
    settings: config::Sentry,
    collection: FeedCollection,
    state_folder: PathBuf,
    reporter: HealthReporter,
    stop: CancellationToken,
    directory: watch::Sender<Option<Arc<Vec<Organization>>>>,
    directory_failure: Mutex<Option<Failure>>,
    problems: Mutex<BTreeMap<(SentryFeed, String), Failure>>,
    began: Timestamp,
}

impl Poller {
    async fn run(&self) {
        let wanted = SentryFeed::ALL.into_iter().filter(|feed| !self.settings.exclude.contains(feed));
        let feeds = join_all(wanted.map(|feed| self.follow(feed)));
        tokio::join!(self.report_status(), self.write_self_metrics(), self.update_directory(), feeds);
    }

    fn client(&self) -> &Client {
        &self.collection.client
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.interval_seconds.max(1)))
    }

    /// Updates the organizations and projects periodically.
    async fn update_directory(&self) {
        loop {
            let pause = match directory::load(self.client(), &self.settings).await {
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
                let responses = self.client().responses();
                match self.collection.collect(feed, organization, &mut checkpoints).await {
                    Ok(problem) => {
                        // Without a request the state of the installation is unknown.
                        if self.client().responses() != responses {
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
            let limiter = self.client().limiter();
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
            skew: self.client().skew_seconds(),
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
            BatchWriter::new(self.clock.clone(), self.collection.store.clone(), reporter, self.stop.clone());
        loop {
            self.clock.sleep(self.interval()).await;
            let (now, up) = (self.clock.now(), self.with_health(|health| health.is_up()));
            let mut batch = TelemetryBatch::default();
            let tags = Attributes::new().with("sentry.source", self.settings.name.as_str());
            let series_of =
                |metric, tags| series::series(metric, resource.clone(), tags, Temporality::Cumulative);
            batch.add_sample(series_of(&series::SOURCE_UP, tags.clone()), now, f64::from(u8::from(up)));
            for ((endpoint, status), count) in self.client().requests() {
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
