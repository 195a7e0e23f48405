//! Administration of a store: statistics, limits, maintenance and observation.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use crate::{
    CardinalityLimits, DataNotice, DiskSpace, DroppedSeries, MaintenanceEvent, Segment, StoreError,
    catalog::series_catalog::SeriesCatalog,
    database::paths::{DATABASE, LOG},
    lifecycle::instance::Instance,
    maintenance::request::Request,
    metrics::head,
    read::reader::Reader,
    segment::manifest::Manifest,
    write::job::Work,
};

/// Administration of a store.
#[derive(Debug, Clone)]
pub struct Admin {
    pub(crate) instance: Arc<Instance>,
}

/// Size and load of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStatistics {
    /// Bytes of the database file, its log and the segments.
    pub bytes: u64,
    /// Samples and histogram points. One that was written twice counts twice until its segments are
    /// merged.
    pub samples: u64,
    /// Log records.
    pub logs: u64,
    /// Spans.
    pub spans: u64,
    /// Series.
    pub series: u64,
    /// Resources.
    pub resources: u64,
    /// Records in the queue of the writer.
    pub queue_length: u64,
    /// Groups committed since the store was opened.
    pub commits: u64,
    /// Mean duration of a recent commit in nanoseconds (exponentially weighted, one sixteenth
    /// each).
    pub commit_duration: u64,
    /// Batches rejected because the queue was full, since the store was opened.
    pub rejected: u64,
}

impl Admin {
    pub(crate) fn new(instance: Arc<Instance>) -> Self {
        Self { instance }
    }

    /// Returns size and load of the store.
    pub async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        let counts = self
            .read(None, |reader| {
                let manifest = reader.manifest()?;
                let tables =
                    manifest.heads.iter().flat_map(|id| [head::samples(*id), head::histogram_points(*id)]);
                let heads: Vec<_> = tables.map(|table| format!("(SELECT count(*) FROM {table})")).collect();
                let sealed = manifest.sealed_points();
                let sql = format!(
                    "SELECT {}, (SELECT count(*) FROM logs), (SELECT count(*) FROM spans)",
                    heads.join(" + ")
                );
                reader.row(&sql, &[], |row| {
                    Ok((row.get::<_, u64>(0)? + sealed, row.get::<_, u64>(1)?, row.get::<_, u64>(2)?))
                })
            })
            .await?;
        let (samples, logs, spans) = counts.unwrap_or_default();
        let session = self.instance.session();
        let (series, resources) = session.catalog.len();
        let writer = &session.writer.statistics;
        let folder = self.instance.folder.clone();
        let sealed: u64 = session.manifest.current().segments.iter().map(|file| file.info.bytes).sum();
        let bytes = tokio::task::spawn_blocking(move || {
            [DATABASE, LOG]
                .iter()
                .filter_map(|name| fs::metadata(folder.join(name)).ok())
                .map(|metadata| metadata.len())
                .sum::<u64>()
                + sealed
        })
        .await
        .unwrap_or_default();
        Ok(StoreStatistics {
            bytes,
            samples,
            logs,
            spans,
            series,
            resources,
            queue_length: writer.queued.load(Ordering::Relaxed) as u64,
            commits: writer.commits.load(Ordering::Relaxed),
            commit_duration: writer.commit_duration.load(Ordering::Relaxed),
            rejected: writer.rejected.load(Ordering::Relaxed),
        })
    }

    /// Returns the number of views opened for reading since the store was opened: snapshots, and
    /// single reads outside of one. Reads from memory do not count.
    pub fn snapshots_taken(&self) -> u64 {
        self.instance.state.snapshots.load(Ordering::Relaxed)
    }

    /// Returns the disk space as it is now.
    pub async fn disk_space(&self) -> DiskSpace {
        let monitor = Arc::clone(&self.instance.disk_space);
        tokio::task::spawn_blocking(move || monitor.probe()).await.unwrap_or_default()
    }

    /// Returns what the data folder is known to have lost, oldest first, until a repair has
    /// reported it.
    pub fn data_notices(&self) -> Vec<DataNotice> {
        self.instance.session().writer.keeper.notices()
    }

    /// Returns why nothing can be stored, if the files of the data folder are gone.
    pub async fn folder_fault(&self) -> Option<StoreError> {
        let presence = Arc::clone(&self.instance.session().writer.presence);
        tokio::task::spawn_blocking(move || presence.check().err()).await.unwrap_or_default()
    }

    /// Sets the bytes to leave free on the disk.
    pub fn set_reserve(&self, reserve_bytes: u64) {
        self.instance.disk_space.set_reserve(reserve_bytes);
    }

    /// Sets the limits on series. Stored series stay.
    pub fn limit_series(&self, limits: CardinalityLimits) {
        self.instance.state.limiter.lock().set_limits(limits);
    }

    /// Returns the series whose points were dropped since the store was opened.
    pub fn dropped_series(&self) -> Vec<DroppedSeries> {
        self.instance.state.limiter.lock().dropped()
    }

    /// Gives the memory back in which the database retains what it has read. Does nothing while a
    /// read or a checkpoint runs. Reads and commits wait meanwhile.
    pub async fn release_cache(&self) -> Result<(), StoreError> {
        let session = self.instance.session();
        let Some(_paused) = session.readers.pause() else { return Ok(()) };
        let memory_limit = self.instance.options.memory_limit_bytes;
        self.instance.submit(Work::ReleaseCache { memory_limit }, 1).await.map(|_| ())
    }

    /// Moves the content of the log into the database file.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        self.instance.submit(Work::Checkpoint, 1).await.map(|_| ())
    }

    /// Seals everything written so far, without waiting for the end of windows.
    pub async fn seal_now(&self) -> Result<(), StoreError> {
        self.instance.maintain(Request::Seal).await.map(|_| ())
    }

    /// Merges all segments that can be merged, without waiting for the end of windows.
    pub async fn compact(&self) -> Result<(), StoreError> {
        self.instance.maintain(Request::Compact).await.map(|_| ())
    }

    /// Deletes segments, all of them or none if one does not exist. Returns the number of points
    /// deleted.
    pub async fn drop_segments(&self, ids: Vec<u64>) -> Result<u64, StoreError> {
        self.instance.maintain(Request::Drop(ids)).await
    }

    /// Returns the segments, in the order in which their points were written.
    pub fn segments(&self) -> Vec<Segment> {
        self.manifest().segments.iter().map(|file| file.info.clone()).collect()
    }

    /// Registers a callback for each event of maintenance. It runs on the maintenance thread.
    pub fn watch_maintenance(&self, observer: impl Fn(MaintenanceEvent) + Send + Sync + 'static) {
        self.instance.state.observer.watch(observer);
    }

    pub(crate) fn manifest(&self) -> Arc<Manifest> {
        self.instance.session().manifest.current()
    }

    pub(crate) fn catalog(&self) -> Arc<SeriesCatalog> {
        Arc::clone(&self.instance.session().catalog)
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        deadline: Option<Duration>,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.instance.read(deadline, work).await
    }
}
