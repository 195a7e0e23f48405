//! The one thread that seals heads, merges partitions and takes them away.

mod compact;
mod copy;
mod exemplars;
mod forget;
mod histograms;
mod repair;
mod retain;
mod roll_up;
mod seal;
mod steps;
mod table;
pub(crate) mod window;

use std::{
    collections::HashSet,
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, SystemTime},
};

use duckdb::Connection;
use tokio::sync::oneshot;

pub use steps::MaintenanceStep;
pub(crate) use steps::Steps;
pub(crate) use table::insert as insert_partitions;

use crate::{
    Changed, StoreError,
    dictionary::Dictionary,
    head,
    layout::{Layouts, PartitionFile},
    partition::{Ids, NewPartition},
    reader::Reader,
    retention::Piece,
    writer::{Change, Work, Writer},
};

/// How often is looked whether there is something to do.
const TICK: Duration = Duration::from_secs(60);
/// How long after the end of a window its points may come before it is sealed.
const LATENESS: i64 = 600 * model::NANOS_PER_SECOND;
/// A head with this many points is sealed early: the database file keeps the room of the largest head it had.
const MOST_POINTS: u64 = 4_000_000;

/// What the thread is asked for.
pub(crate) enum Request {
    /// Everything written so far becomes partitions.
    Seal,
    /// Partitions that can be merged are.
    Compact,
    /// Partitions are deleted, all of them or none.
    Drop(Vec<u64>),
    /// Series go without a trace: out of the partitions, and out of the tables with a change.
    Remove { series: HashSet<u64>, change: Change, changed: Changed },
    /// Takes out of heads and partitions what services have in them, and forgets series that have no point left and
    /// resources that nobody speaks for.
    Retain { unsealed: Vec<Piece>, partitions: Vec<(u64, HashSet<String>)>, rows: bool },
    /// Moves a partition's file away and forgets the partition, or makes it anew from points.
    Quarantine(u64),
    /// Makes the roll-ups that a partition of points lacks.
    Complete(u64),
    /// Deletes files that nothing names.
    Sweep,
}

/// How many points went.
type Reply = oneshot::Sender<Result<u64, StoreError>>;

/// The way to the thread. It ends soon after this is dropped; what it was writing is left to the next start.
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
    pub(crate) fn start(
        connection: Connection,
        dictionary: Arc<Dictionary>,
        layouts: Arc<Layouts>,
        writer: Arc<Writer>,
        steps: Steps,
        lock: Arc<File>,
    ) -> Result<(Self, JoinHandle<()>), StoreError> {
        let (requests, receiver) = channel();
        let ids = Ids::after(layouts.current().partitions.iter().map(|file| &file.info));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = Maintenance {
            connection,
            dictionary,
            layouts,
            writer,
            steps,
            ids,
            // What a crash left undone, if it did.
            forgets: true,
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

    pub(crate) async fn ask(&self, request: Request) -> Result<u64, StoreError> {
        let (reply, outcome) = oneshot::channel();
        self.requests.send((request, reply)).map_err(|_| StoreError::Closed)?;
        outcome.await.unwrap_or(Err(StoreError::Closed))
    }
}

struct Maintenance {
    connection: Connection,
    dictionary: Arc<Dictionary>,
    layouts: Arc<Layouts>,
    writer: Arc<Writer>,
    steps: Steps,
    ids: Ids,
    /// Whether a series may have no point left: something went since it was last looked for one.
    forgets: bool,
    stop: Arc<AtomicBool>,
    /// Last, so that the folder is let go after the connection.
    _lock: Arc<File>,
}

impl Maintenance {
    fn run(mut self, requests: &Receiver<(Request, Reply)>) {
        loop {
            match requests.recv_timeout(TICK) {
                Ok((request, reply)) => {
                    // Whoever asked may be gone.
                    let _ = reply.send(self.answer(request));
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.tick(now()) {
                        tracing::warn!(%error, "sealing is left to a later moment");
                    }
                }
            }
        }
    }

    fn answer(&mut self, request: Request) -> Result<u64, StoreError> {
        match request {
            Request::Seal => self.seal_all().map(|()| 0),
            Request::Compact => {
                self.compact(None)?;
                while self.bring_up_to_date()? {}
                Ok(0)
            }
            Request::Drop(ids) => {
                let gone = self.points(&ids);
                self.publish(Vec::new(), ids, |_| Ok(0))?;
                Ok(gone)
            }
            Request::Remove { series, change, changed } => {
                let (new, replaced) = self.without(&series)?;
                let kept = points_of(&new);
                let gone = self.points(&replaced).saturating_sub(kept);
                self.publish_change(new, replaced, change, changed, true)?;
                Ok(gone)
            }
            Request::Retain { unsealed, partitions, rows } => self.retain(unsealed, &partitions, rows),
            Request::Quarantine(id) => self.quarantine(id),
            Request::Complete(id) => self.complete(id),
            // This thread is the only one that makes files, and it makes none now.
            Request::Sweep => self.layouts.sweep().map(|()| 0),
        }
    }

    fn points(&self, ids: &[u64]) -> u64 {
        let layout = self.layouts.current();
        let points = |file: &&Arc<PartitionFile>| file.info.holds_points();
        let named = layout.partitions.iter().filter(points).filter(|file| ids.contains(&file.info.id));
        named.map(|file| file.info.points).sum()
    }

    fn points_in(&self, file: &PartitionFile) -> u64 {
        if file.info.holds_points() { file.info.points } else { 0 }
    }

    fn tick(&mut self, now: i64) -> Result<(), StoreError> {
        self.seal_frozen()?;
        if self.due(now)? {
            self.seal_all()?;
        }
        self.compact(Some(now))?;
        self.bring_up_to_date().map(|_| ())
    }

    /// Whether the newest head should be sealed: a window has ended since it was opened, or it is full.
    fn due(&self, now: i64) -> Result<bool, StoreError> {
        let (points, opened) = self.newest_head()?;
        let settled = |time: i64| window::window(time.saturating_sub(LATENESS), 0).start;
        Ok(points >= MOST_POINTS || (points > 0 && settled(now) > settled(opened)))
    }

    /// How many points and exemplars lie in the newest head, and when it was opened.
    fn newest_head(&self) -> Result<(u64, i64), StoreError> {
        let newest = self.layouts.current().heads.last().copied().unwrap_or_default();
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
            self.steps.tell(MaintenanceStep::Rotate);
            let now = now();
            let rotate: Change = Box::new(move |connection| head::rotate(connection, now).map(|()| 0));
            self.change_layout(rotate, Changed::default(), false)?;
        }
        self.seal_frozen()
    }

    fn seal_frozen(&mut self) -> Result<(), StoreError> {
        let heads = self.layouts.current().heads.clone();
        for head in heads.iter().rev().skip(1).rev() {
            self.seal(*head)?;
        }
        Ok(())
    }

    fn reader(&self) -> Result<Reader, StoreError> {
        let connection = self.connection.try_clone()?;
        Ok(Reader::own(
            connection,
            Arc::clone(&self.dictionary),
            Arc::clone(&self.layouts),
            Arc::clone(&self.stop),
        ))
    }

    /// Has the writer commit a change of heads and partitions.
    fn change_layout(
        &self,
        change: Change,
        changed: Changed,
        removes_series: bool,
    ) -> Result<(), StoreError> {
        self.submit(Work::Layout { change, changed, removes_series }).map(|_| ())
    }

    /// Has the writer do something and waits for it; how many rows it touched.
    fn submit(&self, work: Work) -> Result<u64, StoreError> {
        let outcome = self.writer.submit(work, 0)?;
        outcome.blocking_recv().unwrap_or(Err(StoreError::Closed)).map(|done| done.rows)
    }
}

/// How many points lie in new files.
fn points_of(new: &[NewPartition]) -> u64 {
    new.iter().filter(|info| info.holds_points()).map(|info| info.points).sum()
}

/// The time of the clock, in nanoseconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
