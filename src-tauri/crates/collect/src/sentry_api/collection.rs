//! The collection of one feed of an organization, from its checkpoint to the present.

use config::SentryFeed;
use model::{SamplesRequest, TagMatcher, TelemetryBatch, TimeRange};
use runtime::{Clock, RetryPolicy, retry_while_busy};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{
    checkpoint::Checkpoints,
    client::Client,
    counts::{self, LastVariant},
    directory::Organization,
    failure::Failure,
    issues, monitors, outcomes, sessions,
    window::{Plan, Window},
};

/// The collection of all feeds of an installation through one client.
pub(super) struct FeedCollection {
    settings: config::Sentry,
    pub(super) client: Client,
    pub(super) store: Store,
    clock: Clock,
    stop: CancellationToken,
    error_variant: LastVariant,
    transaction_variant: LastVariant,
}

impl FeedCollection {
    /// Creates the collection. `stop` ends the wait for a busy store.
    pub(super) fn new(
        settings: config::Sentry,
        client: Client,
        store: Store,
        clock: Clock,
        stop: CancellationToken,
    ) -> Self {
        Self {
            settings,
            client,
            store,
            clock,
            stop,
            error_variant: LastVariant::default(),
            transaction_variant: LastVariant::default(),
        }
    }

    /// Collects a feed of an organization once. Returns a problem that did not prevent it.
    pub(super) async fn collect(
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
}
