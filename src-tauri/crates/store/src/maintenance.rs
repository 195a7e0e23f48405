//! Maintenance: the thread that seals heads, and merges, rewrites and deletes segments.

pub(crate) mod compaction;
pub(crate) mod events;
pub(crate) mod publish;
pub(crate) mod request;
pub(crate) mod rewrite;
pub(crate) mod seal;

use std::{
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use duckdb::Connection;
use runtime::Clock;
use tokio::sync::oneshot;

use self::{
    events::{MaintenanceEvent, MaintenanceObserver},
    request::Request,
};
use crate::{
    Changed, StoreError,
    catalog::series_catalog::SeriesCatalog,
    metrics::head,
    read::reader::Reader,
    segment::{
        checksum::verify_unchanged,
        manifest::SharedManifest,
        parity::{self, parity_path},
        plan::{NewSegment, SegmentIds},
        segment_file::SegmentFile,
        signal_segments::SegmentContext,
        window,
    },
    write::{job::Change, writer::Writer},
};

/// The interval of checks for due work.
const TICK: Duration = Duration::from_secs(60);
/// How long after the end of a window late points may arrive before it is sealed, in nanoseconds.
const LATENESS: i64 = 600 * model::NANOS_PER_SECOND;
/// A head with this many points is sealed early. The database file never shrinks below its largest
/// head.
const MAX_HEAD_POINTS: u64 = 4_000_000;

/// Receives the number of points deleted.
type Reply = oneshot::Sender<Result<u64, StoreError>>;

/// The handle of the thread. The thread ends soon after this is dropped and discards unfinished
/// files.
#[derive(Debug)]
pub(crate) struct Maintainer {
    requests: Sender<(Request, Reply)>,
    stop: Arc<AtomicBool>,
}

impl Drop for Maintainer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

impl Maintainer {
    /// Starts the thread.
    pub(crate) fn start(
        connection: Connection,
        catalog: Arc<SeriesCatalog>,
        manifest: Arc<SharedManifest>,
        writer: Arc<Writer>,
        observer: MaintenanceObserver,
        clock: Clock,
        lock: Arc<File>,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (requests, receiver) = channel();
        let ids = SegmentIds::open(&connection)?;
        let stop = Arc::new(AtomicBool::new(false));
        let thread = Maintenance {
            connection,
            catalog,
            manifest,
            writer,
            observer,
            clock,
            ids,
            // A crash may have left series without points.
            gc_is_due: true,
            stop: Arc::clone(&stop),
            _lock: lock,
        };
        let handle = std::thread::Builder::new()
            .name("store maintenance".to_owned())
            .spawn(move || thread.run(&receiver))
            .map_err(|error| {
                StoreError::Database(format!("the maintenance thread did not start: {error}"))
            })?;
        Ok((Self { requests, stop }, handle))
    }

    /// Sends a request and waits for its outcome: the number of points deleted.
    pub(crate) async fn request(&self, request: Request) -> Result<u64, StoreError> {
        let (reply, outcome) = oneshot::channel();
        self.requests.send((request, reply)).map_err(|_| StoreError::Closed)?;
        outcome.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// The state of the thread.
pub(crate) struct Maintenance {
    pub(crate) connection: Connection,
    pub(crate) catalog: Arc<SeriesCatalog>,
    pub(crate) manifest: Arc<SharedManifest>,
    pub(crate) writer: Arc<Writer>,
    pub(crate) observer: MaintenanceObserver,
    clock: Clock,
    pub(crate) ids: SegmentIds,
    /// Set if a series may have lost its last point since the last garbage collection.
    pub(crate) gc_is_due: bool,
    stop: Arc<AtomicBool>,
    /// Last, so that the folder is released after the connection.
    _lock: Arc<File>,
}

impl Maintenance {
    fn run(mut self, requests: &Receiver<(Request, Reply)>) {
        loop {
            match requests.recv_timeout(TICK) {
                Ok((request, reply)) => {
                    // The caller may have been dropped.
                    let _ = reply.send(self.handle(request));
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.tick(self.clock.now().0) {
                        tracing::warn!(%error, "maintenance postponed to the next tick");
                    }
                }
            }
        }
    }

    fn handle(&mut self, request: Request) -> Result<u64, StoreError> {
        match request {
            Request::Seal => self.seal_all().map(|()| 0),
            Request::Compact => {
                self.compact(None)?;
                while self.upgrade_segment()? {}
                Ok(0)
            }
            Request::Drop(ids) => {
                let deleted = self.points(&ids);
                self.publish(Vec::new(), ids, |_| Ok(0))?;
                Ok(deleted)
            }
            Request::Remove { series, change, changed } => {
                let (new, replaced) = self.rewrite_all(&series)?;
                let left = points_of(&new);
                let deleted = self.points(&replaced).saturating_sub(left);
                self.publish_change(new, replaced, change, changed, true)?;
                Ok(deleted)
            }
            Request::ApplyRetention { unsealed, segments, rows } => {
                self.apply_retention(unsealed, &segments, rows)
            }
            Request::Quarantine { id, target } => self.quarantine(id, &target),
            Request::AddRollups(id) => self.add_rollups(id),
            // Only this thread creates files, and it creates none now.
            Request::Sweep => self.manifest.sweep().map(|()| 0),
        }
    }

    /// Returns the number of points in some segments.
    pub(crate) fn points(&self, ids: &[u64]) -> u64 {
        let manifest = self.manifest.current();
        let points = |file: &&Arc<SegmentFile>| file.info.holds_points();
        let named = manifest.segments.iter().filter(points).filter(|file| ids.contains(&file.info.id));
        named.map(|file| file.info.points).sum()
    }

    fn tick(&mut self, now: i64) -> Result<(), StoreError> {
        if let Err(error) = self.catalog.tidy(&self.connection) {
            tracing::warn!(%error, "labels of past series not moved, the next tick tries again");
        }
        self.seal_frozen()?;
        if self.is_due(now)? {
            self.seal_all()?;
        }
        self.compact(Some(now))?;
        self.add_parity();
        self.upgrade_segment().map(|_| ())
    }

    /// Writes the parity that files lack, such as those of earlier versions.
    fn add_parity(&self) {
        let lacks = |file: &&Arc<SegmentFile>| {
            file.fault().is_none()
                && !parity_path(&file.info.path).exists()
                && !self.stop.load(Ordering::Acquire)
        };
        for file in self.manifest.current().segments.iter().filter(lacks) {
            match verify_unchanged(&file.info) {
                Ok(()) => parity::write(&file.info.path),
                Err(error) => file.mark_faulty(&error),
            }
        }
    }

    /// Returns whether the newest head should be sealed: a window ended since it was opened, or it
    /// is full.
    fn is_due(&self, now: i64) -> Result<bool, StoreError> {
        let (points, opened) = self.newest_head()?;
        let settled = |time: i64| window::window(time.saturating_sub(LATENESS), 0).start;
        Ok(points >= MAX_HEAD_POINTS || (points > 0 && settled(now) > settled(opened)))
    }

    /// Returns the points and exemplars in the newest head, and the time it was opened.
    fn newest_head(&self) -> Result<(u64, i64), StoreError> {
        let newest = self.manifest.current().heads.last().copied().unwrap_or_default();
        Ok(self.connection.query_row(
            &format!(
                "SELECT (SELECT count(*) FROM {}) + (SELECT count(*) FROM {}) + (SELECT count(*) FROM {}), opened \
                 FROM heads WHERE id = {newest}",
                head::samples(newest),
                head::histogram_points(newest),
                head::exemplars(newest)
            ),
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?)
    }

    fn seal_all(&mut self) -> Result<(), StoreError> {
        if self.newest_head()?.0 > 0 {
            self.observer.notify(MaintenanceEvent::Rotate);
            let now = self.clock.now().0;
            let rotate: Change = Box::new(move |connection| head::rotate(connection, now).map(|()| 0));
            self.change_manifest(rotate, Changed::default(), false)?;
        }
        self.seal_frozen()
    }

    fn seal_frozen(&mut self) -> Result<(), StoreError> {
        let heads = self.manifest.current().heads.clone();
        for head in heads.iter().rev().skip(1).rev() {
            self.seal(*head)?;
        }
        Ok(())
    }

    /// Returns a reader without a deadline.
    pub(crate) fn reader(&self) -> Result<Reader, StoreError> {
        let connection = self.connection.try_clone()?;
        Ok(Reader::internal(
            connection,
            Arc::clone(&self.catalog),
            Arc::clone(&self.manifest),
            Arc::clone(&self.stop),
        ))
    }

    /// Returns the means of writing segments.
    pub(crate) fn context<'run>(&'run self, reader: &'run Reader) -> SegmentContext<'run> {
        SegmentContext { reader, ids: &self.ids, folder: &self.manifest.folder }
    }
}

/// Returns the number of points in new files.
pub(crate) fn points_of(new: &[NewSegment]) -> u64 {
    new.iter().filter(|info| info.holds_points()).map(|info| info.points).sum()
}
