//! The transaction behind a snapshot.

use std::{sync::Arc, time::Duration};

use tokio::sync::OnceCell;

use super::{
    pool::{Connections, SnapshotConnection},
    reader::Reader,
};
use crate::{
    StoreError,
    lifecycle::{instance::Instance, session::Session},
    metrics::recent::RecentSamples,
    segment::manifest::Manifest,
};

/// An open transaction for reading, and the files that it sees. Dropping it ends the transaction.
#[derive(Debug)]
pub(crate) struct OpenSnapshot {
    pub(crate) instance: Arc<Instance>,
    pub(crate) session: Arc<Session>,
    connection: Arc<SnapshotConnection>,
    connections: Arc<Connections>,
    manifest: Arc<Manifest>,
    recent: Option<SharedRecent>,
}

/// The recent samples that the reads of a snapshot share. Each part is read when it is first
/// needed; it is none if it cannot be held in memory.
#[derive(Debug)]
struct SharedRecent {
    since: i64,
    samples: OnceCell<Option<Arc<RecentSamples>>>,
    /// Start of `before`.
    before_since: i64,
    /// The samples since an earlier time of the series that have few ([`RecentSamples::has_few`]).
    before: OnceCell<Option<Arc<RecentSamples>>>,
}

impl OpenSnapshot {
    /// Begins a snapshot of the latest commit.
    pub(crate) async fn begin(instance: &Arc<Instance>) -> Result<Self, StoreError> {
        instance.wait_for_recovery(None).await;
        let session = instance.session();
        let (connection, manifest, connections) = instance.checked(session.readers.begin_snapshot().await)?;
        let instance = Arc::clone(instance);
        Ok(Self { instance, session, connection, connections, manifest, recent: None })
    }

    /// Lets its reads share the samples since a time, and those since an earlier time of the series
    /// that have few.
    pub(crate) fn share_recent(&mut self, since: i64, before_since: i64) {
        let (samples, before) = (OnceCell::new(), OnceCell::new());
        self.recent = Some(SharedRecent { since, samples, before_since, before });
    }

    /// Returns the heads and segments that it sees.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the shared samples if they cover the time since `start`.
    pub(crate) async fn recent(&self, start: i64) -> Result<Option<Arc<RecentSamples>>, StoreError> {
        let Some(recent) = self.recent.as_ref().filter(|recent| recent.since <= start) else {
            return Ok(None);
        };
        let read = || self.read_recent(recent.since, |_| true);
        Ok(recent.samples.get_or_try_init(read).await?.clone())
    }

    /// Returns the shared samples of series with few of them, if they cover the time since `start`.
    pub(crate) async fn recent_before(&self, start: i64) -> Result<Option<Arc<RecentSamples>>, StoreError> {
        let Some(recent) = self.recent.as_ref().filter(|recent| recent.before_since <= start) else {
            return Ok(None);
        };
        let Some(samples) = self.recent(recent.since).await? else { return Ok(None) };
        let read = || {
            let later_declared = self.session.catalog.later_declared();
            let wants = move |series| samples.has_few(series) || later_declared.contains(&series);
            self.read_recent(recent.before_since, wants)
        };
        Ok(recent.before.get_or_try_init(read).await?.clone())
    }

    async fn read_recent(
        &self,
        since: i64,
        wants: impl Fn(u64) -> bool + Send + 'static,
    ) -> Result<Option<Arc<RecentSamples>>, StoreError> {
        if RecentSamples::are_expired(&self.manifest, since) {
            return Ok(None);
        }
        let read = move |reader: &Reader| RecentSamples::read(reader, since, wants);
        Ok(self.read(None, read).await?.map(Arc::new))
    }

    /// Runs a read in the snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        deadline: Option<Duration>,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = &self.session.readers;
        let outcome = readers.read_in(&self.connection, &self.manifest, deadline, work).await;
        self.instance.checked(outcome)
    }
}

impl Drop for OpenSnapshot {
    fn drop(&mut self) {
        // A cancelled read may still hold the connection, and drops it at its end.
        let Some(connection) = self.connection.try_lock().ok().and_then(|mut slot| slot.take()) else {
            return;
        };
        let connections = Arc::clone(&self.connections);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn_blocking(move || connections.end_snapshot(connection));
            }
            Err(_) => connections.end_snapshot(connection),
        }
    }
}
