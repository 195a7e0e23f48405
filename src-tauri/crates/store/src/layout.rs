//! Which heads and partitions there are at a moment: what a read has to look at.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use duckdb::Connection;
use model::{DataResolution, TimeRange, Timestamp};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use crate::{
    StoreError, head,
    open::file_error,
    partition::{Scan, UNFINISHED, before, metadata},
    reader::Reader,
};

/// Kinds of points that have partitions of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartitionSignal {
    /// Samples of gauges and counters.
    Samples,
    /// Points of histograms and summaries.
    Histograms,
    /// Exemplars of both.
    Exemplars,
}

impl PartitionSignal {
    /// The name in the partition table and of the files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::Histograms => "histograms",
            Self::Exemplars => "exemplars",
        }
    }

    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Samples, Self::Histograms, Self::Exemplars];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.name() == name)
    }
}

/// One sealed stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, never used again.
    pub id: u64,
    /// What it holds.
    pub signal: PartitionSignal,
    /// How long its window is: 0 for 4 hours, 1 for a day, 2 for 30 days, 3 for all of time.
    pub level: u8,
    /// The window, aligned to the epoch.
    pub window: TimeRange,
    /// Time of the first point.
    pub first: Timestamp,
    /// Time of the last point.
    pub last: Timestamp,
    /// How many points.
    pub points: u64,
    /// Of how many series.
    pub series: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// XXH3-128 of the file, as 32 hexadecimal digits.
    pub checksum: String,
    /// The newest head whose points are in it: points of a greater number are newer.
    pub head: u64,
    /// Whether retention must leave it.
    pub pinned: bool,
    /// Whether it holds points, or what they come to by the minute or hour.
    pub form: DataResolution,
    /// The number of the file of the points it is made of: its own if it holds points.
    pub bundle: u64,
    /// By which age it goes: that of points, of minutes or of hours. Points that are too few to be worth a roll-up
    /// stay as long as that would.
    pub lasts: DataResolution,
    /// What each service has in it, the largest first.
    pub services: Vec<PartitionShare>,
    /// The file.
    pub path: PathBuf,
}

impl Partition {
    /// Whether it holds points of series, which neither roll-ups nor exemplars are.
    pub(crate) fn holds_points(&self) -> bool {
        self.form == DataResolution::Points && self.signal != PartitionSignal::Exemplars
    }
}

/// What one service has in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionShare {
    /// The service.
    pub service: String,
    /// Its points.
    pub points: u64,
    /// Its part of the file, in bytes.
    pub bytes: u64,
}

/// A partition and its file, which is deleted when nobody can read it any more.
#[derive(Debug)]
pub(crate) struct PartitionFile {
    pub(crate) info: Partition,
    obsolete: AtomicBool,
    metadata: OnceLock<ArrowReaderMetadata>,
    fault: Mutex<Option<String>>,
}

impl PartitionFile {
    pub(crate) fn new(info: Partition) -> Self {
        let fault = match fs::metadata(&info.path) {
            Ok(found) if found.len() == info.bytes => None,
            Ok(found) => Some(format!("it has {} bytes instead of {}", found.len(), info.bytes)),
            Err(error) => Some(error.to_string()),
        };
        if let Some(fault) = &fault {
            tracing::error!(file = %info.path.display(), fault, "a partition cannot be read and is left out");
        }
        Self { info, obsolete: AtomicBool::new(false), metadata: OnceLock::new(), fault: Mutex::new(fault) }
    }

    /// What is wrong with the file, if anything is known to be.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that the file cannot be read; it is left out of reads from now on.
    pub(crate) fn set_aside(&self, error: &StoreError) {
        tracing::error!(file = %self.info.path.display(), %error, "a partition cannot be read and is left out");
        self.note(Some(error.to_string()));
    }

    /// Notes what is wrong with the file, or that nothing is.
    pub(crate) fn note(&self, fault: Option<String>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Opens the file; none if it is known to be faulty.
    pub(crate) fn scan(&self) -> Result<Option<Scan>, StoreError> {
        if self.fault().is_some() {
            return Ok(None);
        }
        let known = match self.metadata.get() {
            Some(known) => known.clone(),
            None => {
                let read = metadata(&self.info.path)?;
                self.metadata.get_or_init(|| read).clone()
            }
        };
        Scan::open(&self.info.path, known).map(Some)
    }

    /// Whether the database can be asked to read the file: it is not known to be faulty and its end is whole.
    pub(crate) fn usable(&self, reader: &Reader) -> bool {
        match self.scan() {
            Ok(scan) => scan.is_some(),
            Err(error) => {
                if reader.check().is_ok() {
                    self.set_aside(&error);
                }
                false
            }
        }
    }

    /// Whether any point may have `start <= time < end`.
    pub(crate) fn touches(&self, start: i64, end: i64) -> bool {
        before(self.info.first.0, end) && self.info.last.0 >= start
    }
}

impl Drop for PartitionFile {
    fn drop(&mut self) {
        // What cannot be deleted now goes at the next start.
        if self.obsolete.load(Ordering::Acquire) {
            let _ = fs::remove_file(&self.info.path);
        }
    }
}

/// Heads and partitions as one transaction sees them.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    pub(crate) generation: u64,
    /// Oldest first; the last one takes what comes.
    pub(crate) heads: Vec<u64>,
    /// In the order in which their points were written.
    pub(crate) partitions: Vec<Arc<PartitionFile>>,
}

impl Layout {
    /// Reads the layout; files that `before` knows are taken from there.
    pub(crate) fn load(connection: &Connection, folder: &Path, before: &Self) -> Result<Self, StoreError> {
        let generation = connection.query_row("SELECT generation FROM layout", [], |row| row.get(0))?;
        let heads = head::all(connection)?;
        let known: HashMap<u64, &Arc<PartitionFile>> =
            before.partitions.iter().map(|file| (file.info.id, file)).collect();
        let mut services: HashMap<u64, Vec<PartitionShare>> = HashMap::new();
        let mut statement = connection.prepare(
            "SELECT partition_id, service, points, bytes FROM partition_services ORDER BY points DESC, service",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            services.entry(row.get(0)?).or_default().push(PartitionShare {
                service: row.get(1)?,
                points: row.get(2)?,
                bytes: row.get(3)?,
            });
        }
        let mut statement = connection.prepare(
            "SELECT id, signal, level, window_start, window_end, first_time, last_time, points, series, bytes, \
             checksum, head, pinned, form, bundle, lasts FROM partition_files ORDER BY head, id",
        )?;
        let mut rows = statement.query([])?;
        let mut partitions = Vec::new();
        while let Some(row) = rows.next()? {
            let id: u64 = row.get(0)?;
            let pinned = row.get(12)?;
            if let Some(file) = known.get(&id).filter(|file| file.info.pinned == pinned) {
                partitions.push(Arc::clone(file));
                continue;
            }
            let Some(signal) = PartitionSignal::named(&row.get::<_, String>(1)?) else { continue };
            let Some(form) = detail_named(&row.get::<_, String>(13)?) else { continue };
            let Some(lasts) = detail_named(&row.get::<_, String>(15)?) else { continue };
            partitions.push(Arc::new(PartitionFile::new(Partition {
                id,
                signal,
                level: row.get(2)?,
                window: TimeRange::new(Timestamp(row.get(3)?), Timestamp(row.get(4)?)),
                first: Timestamp(row.get(5)?),
                last: Timestamp(row.get(6)?),
                points: row.get(7)?,
                series: row.get(8)?,
                bytes: row.get(9)?,
                checksum: row.get(10)?,
                head: row.get(11)?,
                pinned,
                form,
                bundle: row.get(14)?,
                lasts,
                services: services.remove(&id).unwrap_or_default(),
                path: file_path(folder, signal, form, id),
            })));
        }
        Ok(Self { generation, heads, partitions })
    }

    /// How many points lie in files.
    pub(crate) fn sealed_points(&self) -> u64 {
        let of = |file: &&Arc<PartitionFile>| file.info.holds_points();
        self.partitions.iter().filter(of).map(|file| file.info.points).sum()
    }

    /// The files of a signal that may hold points with `start <= time < end`.
    pub(crate) fn points(
        &self,
        signal: PartitionSignal,
        start: i64,
        end: i64,
    ) -> impl Iterator<Item = &Arc<PartitionFile>> {
        let of = move |file: &&Arc<PartitionFile>| {
            file.info.signal == signal && file.info.form == DataResolution::Points
        };
        self.partitions.iter().filter(of).filter(move |file| file.touches(start, end))
    }
}

/// Where the file of a partition lies.
pub(crate) fn file_path(folder: &Path, signal: PartitionSignal, form: DataResolution, id: u64) -> PathBuf {
    let name = match (signal, form) {
        (_, DataResolution::Points) => signal.name(),
        (PartitionSignal::Samples, DataResolution::Minutes) => "sample-minutes",
        (PartitionSignal::Samples, DataResolution::Hours) => "sample-hours",
        (PartitionSignal::Exemplars, _) => signal.name(),
        (PartitionSignal::Histograms, DataResolution::Minutes) => "histogram-minutes",
        (PartitionSignal::Histograms, DataResolution::Hours) => "histogram-hours",
    };
    folder.join(format!("{name}-{id:08}.parquet"))
}

/// The name in the partition table.
pub(crate) fn detail_name(detail: DataResolution) -> &'static str {
    match detail {
        DataResolution::Points => "points",
        DataResolution::Minutes => "minutes",
        DataResolution::Hours => "hours",
    }
}

fn detail_named(name: &str) -> Option<DataResolution> {
    [DataResolution::Points, DataResolution::Minutes, DataResolution::Hours]
        .into_iter()
        .find(|detail| detail_name(*detail) == name)
}

/// The newest layout, for readers to start from.
#[derive(Debug)]
pub(crate) struct Layouts {
    /// The folder of the partitions.
    pub(crate) folder: PathBuf,
    current: RwLock<Arc<Layout>>,
}

impl Layouts {
    pub(crate) fn open(connection: &Connection, folder: PathBuf) -> Result<Self, StoreError> {
        let layout = Layout::load(connection, &folder, &Layout::default())?;
        Ok(Self { folder, current: RwLock::new(Arc::new(layout)) })
    }

    /// Deletes files in the folder that no partition names: what a crash left behind.
    pub(crate) fn sweep(&self) -> Result<(), StoreError> {
        let layout = self.current();
        let named: HashSet<&Path> = layout.partitions.iter().map(|file| file.info.path.as_path()).collect();
        let entries = fs::read_dir(&self.folder).map_err(|error| file_error(&self.folder, &error))?;
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let ours = path.extension().is_some_and(|ending| ending == "parquet" || ending == UNFINISHED);
            if ours && !named.contains(path.as_path()) {
                fs::remove_file(&path).map_err(|error| file_error(&path, &error))?;
            }
        }
        Ok(())
    }

    pub(crate) fn current(&self) -> Arc<Layout> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a committed layout the newest. Files that are not in it go with their last reader.
    pub(crate) fn replace(&self, layout: Layout) {
        let kept: HashSet<u64> = layout.partitions.iter().map(|file| file.info.id).collect();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        for file in &current.partitions {
            if !kept.contains(&file.info.id) {
                file.obsolete.store(true, Ordering::Release);
            }
        }
        *current = Arc::new(layout);
    }
}
