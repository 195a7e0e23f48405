//! The part of the engine that asks one Sentry installation: one loop a feed, all through one client.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use config::SentryFeed;
use futures_util::future::join_all;
use model::{
    Attributes, HealthReporter, HealthState, Resource, Sample, SamplesRequest, TagMatcher, TelemetryBatch,
    Temporality, TimeRange, Timestamp,
};
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    client::{Client, TokenSource},
    counts::{self, Known},
    directory::{self, Organization},
    failure::Failure,
    issues, monitors, outcomes,
    pace::Endpoint,
    progress::Positions,
    series, sessions,
    standing::Standing,
    windows::{Plan, Window},
};
use crate::{batch_writer::BatchWriter, clock};

/// How often new organizations and projects are looked for.
const DIRECTORY_INTERVAL: Duration = Duration::from_secs(600);
/// How often somebody may have changed what was refused for good.
const LASTING_PAUSE: Duration = Duration::from_secs(900);
/// The pause after a failure; how long it really takes is for the client to say.
const FAILED_PAUSE: Duration = Duration::from_secs(1);
/// Issues are walked through this much more rarely than the rest is asked for.
const ISSUE_ROUNDS: u32 = 5;

/// Asks the installation of `settings` until `stop` is cancelled and stores what it answers. `state_folder` keeps how
/// far it was asked; `token` is asked for the token at the start and after it was refused.
pub async fn run_sentry(
    settings: config::Sentry,
    token: TokenSource,
    store: Store,
    state_folder: PathBuf,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let given = settings.clone();
    let client = tokio::task::spawn_blocking(move || Client::new(&given, token))
        .await
        .unwrap_or_else(|_| Err("cannot be asked: a fault of Binnacle".to_owned()));
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
        known_errors: Known::default(),
        known_transactions: Known::default(),
        began: clock::now(),
        settings,
    };
    tokio::select! {
        () = poller.run() => {}
        () = stop.cancelled() => {}
    }
    // A note that is on its way to the disk must not come after the end.
    let _ended = writing.lock().await;
}

struct Poller {
    /// Held while notes of the progress are written.
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
    known_errors: Known,
    known_transactions: Known,
    began: Timestamp,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Poller {
    async fn run(&self) {
        let wanted = SentryFeed::ALL.into_iter().filter(|feed| !self.settings.leave_out.contains(feed));
        let feeds = join_all(wanted.map(|feed| self.follow(feed)));
        tokio::join!(self.tell(), self.tell_of_itself(), self.look_up(), feeds);
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.interval_seconds.max(1)))
    }

    /// Keeps the organizations and projects up to date.
    async fn look_up(&self) {
        loop {
            let pause = match directory::load(&self.client, &self.settings).await {
                Ok(organizations) => {
                    *lock(&self.directory_failure) = None;
                    self.reached();
                    let organizations = Arc::new(organizations);
                    self.directory.send_if_modified(|known| {
                        let changed = known.as_ref() != Some(&organizations);
                        *known = Some(organizations);
                        changed
                    });
                    DIRECTORY_INTERVAL
                }
                Err(failure) => {
                    let pause = if failure.is_lasting() { LASTING_PAUSE } else { FAILED_PAUSE };
                    *lock(&self.directory_failure) = Some(failure);
                    pause
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks for one feed of every organization, round after round.
    async fn follow(&self, feed: SentryFeed) {
        let (folder, settings) = (self.state_folder.clone(), self.settings.clone());
        let writing = self.writing.clone();
        let loaded = tokio::task::spawn_blocking(move || Positions::load(&folder, &settings, feed, writing));
        let Ok(mut positions) = loaded.await else { return };
        let mut directory = self.directory.subscribe();
        let mut resting: HashMap<String, Instant> = HashMap::new();
        loop {
            let organizations = directory.borrow_and_update().clone().unwrap_or_default();
            let mut failed = false;
            for organization in organizations.iter() {
                let slug = &organization.slug;
                if resting.get(slug).is_some_and(|until| *until > Instant::now()) {
                    continue;
                }
                let key = (feed, slug.clone());
                let answered = self.client.answered();
                match self.collect(feed, organization, &mut positions).await {
                    Ok(notice) => {
                        // A round in which there was nothing to ask for says nothing of the installation.
                        if self.client.answered() != answered {
                            self.reached();
                        }
                        let mut problems = lock(&self.problems);
                        match notice {
                            Some(notice) => problems.insert(key, notice),
                            None => problems.remove(&key),
                        };
                    }
                    Err(failure) => {
                        if failure.is_lasting() {
                            resting.insert(slug.clone(), Instant::now() + LASTING_PAUSE);
                        } else {
                            failed = true;
                        }
                        lock(&self.problems).insert(key, failure);
                    }
                }
            }
            let pause = match feed {
                _ if failed => FAILED_PAUSE,
                SentryFeed::Issues => self.interval() * ISSUE_ROUNDS,
                _ => self.interval(),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = directory.changed() => {}
            }
        }
    }

    /// One round of a feed of an organization; gives what was odd about it.
    async fn collect(
        &self,
        feed: SentryFeed,
        organization: &Organization,
        positions: &mut Positions,
    ) -> Result<Option<Failure>, Failure> {
        let source = self.settings.name.as_str();
        match feed {
            SentryFeed::Issues => self.walk(organization, positions).await.map(|()| None),
            SentryFeed::Monitors => {
                let now = clock::now();
                let (batch, odd) = monitors::monitors(&self.client, source, organization, now).await?;
                self.store(batch).await?;
                Ok((odd > 0).then(|| Failure::Broken(format!("{odd} monitors have another form"))))
            }
            _ => self.catch_up(feed, organization, positions).await.map(|()| None),
        }
    }

    /// Asks for one closed stretch of time after the other until the present is reached, and then for one once more whose
    /// events may have come late: one a round, so that nothing is asked more than twice as often.
    async fn catch_up(
        &self,
        feed: SentryFeed,
        organization: &Organization,
        positions: &mut Positions,
    ) -> Result<(), Failure> {
        let plan = match feed {
            SentryFeed::Errors | SentryFeed::Transactions => Plan::fine(&self.settings),
            _ => Plan::hourly(&self.settings),
        };
        loop {
            let progress = positions.of(&organization.slug);
            let window = match progress.pending {
                Some(window) => window,
                None => {
                    let Some(window) = plan.next(progress.done, self.client.server_now()) else {
                        return self.ask_again(feed, organization, positions).await;
                    };
                    progress.pending = Some(window);
                    positions.save().await.map_err(Failure::Store)?;
                    window
                }
            };
            let batch = self.ask(feed, organization, window).await?;
            if !self.has(&batch, &organization.slug).await? {
                self.store(batch).await?;
            }
            positions.of(&organization.slug).stored(window, self.client.server_now());
            positions.save().await.map_err(Failure::Store)?;
        }
    }

    /// Asks for a stretch once more that was asked for soon after its end. Its figures take the place of the former
    /// ones, because they have the same series and time.
    async fn ask_again(
        &self,
        feed: SentryFeed,
        organization: &Organization,
        positions: &mut Positions,
    ) -> Result<(), Failure> {
        let now = self.client.server_now();
        let Some(window) = positions.of(&organization.slug).late(now) else { return Ok(()) };
        let batch = self.ask(feed, organization, window).await?;
        self.store(batch).await?;
        positions.of(&organization.slug).again.pop_front();
        positions.save().await.map_err(Failure::Store)
    }

    async fn ask(
        &self,
        feed: SentryFeed,
        organization: &Organization,
        window: Window,
    ) -> Result<TelemetryBatch, Failure> {
        let (client, source) = (&self.client, self.settings.name.as_str());
        match feed {
            SentryFeed::Errors => {
                counts::errors(client, &self.known_errors, source, organization, window).await
            }
            SentryFeed::Transactions => {
                counts::transactions(client, &self.known_transactions, source, organization, window).await
            }
            SentryFeed::Outcomes => outcomes::outcomes(client, source, organization, window).await,
            _ => sessions::sessions(client, source, organization, window).await,
        }
    }

    /// Walks through the list of issues from where the last round ended to its end.
    async fn walk(&self, organization: &Organization, positions: &mut Positions) -> Result<(), Failure> {
        loop {
            let walk = positions.of(&organization.slug).walk.take();
            let continued = walk.is_some();
            let kept = walk.clone();
            let now = clock::now();
            match issues::step(&self.client, &self.settings.name, organization, walk, now).await {
                Ok(issues::Step::Further(walk)) => {
                    positions.of(&organization.slug).walk = Some(walk);
                    positions.save().await.map_err(Failure::Store)?;
                }
                Ok(issues::Step::Whole(batch)) => {
                    self.store(batch).await?;
                    return positions.save().await.map_err(Failure::Store);
                }
                // The cursor is not known any more: the walk begins anew.
                Err(Failure::Rejected { .. } | Failure::NotFound) if continued => {}
                Err(failure) => {
                    positions.of(&organization.slug).walk = kept;
                    return Err(failure);
                }
            }
        }
    }

    /// Whether the figures of this stretch are stored already: they are committed together, so one sample tells. That
    /// is so after a crash between the commit and the note of it.
    async fn has(&self, batch: &TelemetryBatch, organization: &str) -> Result<bool, Failure> {
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
        let stored =
            self.store.read_samples(&request).await.map_err(|error| Failure::Store(error.to_string()))?;
        Ok(stored.iter().any(|points| !points.times.is_empty()))
    }

    /// Writes until the store takes it: what is not stored is not noted as done either.
    async fn store(&self, batch: TelemetryBatch) -> Result<(), Failure> {
        if batch.is_empty() {
            return Ok(());
        }
        loop {
            let Err(error) = self.store.write(batch.clone()).await else { return Ok(()) };
            match error.retry_after() {
                Some(retry_after) => tokio::time::sleep(retry_after).await,
                None => return Err(Failure::Store(error.to_string())),
            }
        }
    }

    /// The installation answered, so what kept everything from being asked is over.
    fn reached(&self) {
        lock(&self.problems).retain(|_, failure| !failure.is_of_all());
    }

    fn with_standing<T>(&self, tell: impl FnOnce(&Standing<'_>) -> T) -> T {
        const ENDPOINTS: [Endpoint; 7] = [
            Endpoint::Organizations,
            Endpoint::Projects,
            Endpoint::Events,
            Endpoint::Stats,
            Endpoint::Sessions,
            Endpoint::Issues,
            Endpoint::Monitors,
        ];
        let now = Instant::now();
        let (retry, limited) = {
            let pace = self.client.pace();
            let limited = ENDPOINTS.iter().filter_map(|one| Some((*one, pace.limited(*one, now)?)));
            (pace.failing(now), limited.collect())
        };
        let directory = lock(&self.directory_failure);
        let problems = lock(&self.problems);
        tell(&Standing {
            directory: directory.as_ref(),
            organizations: self.directory.borrow().as_ref().map(|known| known.len()),
            problems: problems
                .iter()
                .map(|((feed, slug), failure)| (*feed, slug.as_str(), failure))
                .collect(),
            retry,
            limited,
            skew: self.client.skew_seconds(),
            now: clock::now(),
        })
    }

    /// Says how the installation is.
    async fn tell(&self) {
        loop {
            let (state, message) = self.with_standing(|standing| standing.told());
            self.reporter.report(state, message);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Stores whether the installation answers, and what was asked of it.
    async fn tell_of_itself(&self) {
        let resource = Arc::new(Resource::service_named(&self.settings.name));
        // What became of these is not worth a word of its own.
        let reporter = PartReporter::new("sentry requests");
        let mut writer = BatchWriter::new(self.store.clone(), reporter, self.stop.clone());
        loop {
            tokio::time::sleep(self.interval()).await;
            let (now, up) = (clock::now(), self.with_standing(|standing| standing.is_up()));
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
