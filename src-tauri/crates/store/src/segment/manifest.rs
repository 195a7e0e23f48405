//! The heads and segments that exist at one time: the sources of every read.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use duckdb::Connection;
use model::{DataResolution, TimeRange, Timestamp};
use parking_lot::RwLock;

use super::{
    file::UNFINISHED,
    info::{Segment, SegmentShare},
    naming::{file_path, resolution_named},
    parity::{self, parity_path},
    segment_file::SegmentFile,
    signal::SegmentSignal,
};
use crate::{StoreError, database::paths::file_error};

/// Returns the ids of all heads, oldest first.
pub(crate) fn heads(connection: &Connection) -> Result<Vec<u64>, StoreError> {
    let mut statement = connection.prepare("SELECT id FROM heads ORDER BY id")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Heads and segments as one transaction sees them.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) generation: u64,
    /// Oldest first. The last one takes new points.
    pub(crate) heads: Vec<u64>,
    /// In the order in which their points were written.
    pub(crate) segments: Vec<Arc<SegmentFile>>,
}

impl Manifest {
    /// Reads the manifest. Files that `before` holds are shared with it.
    pub(crate) fn load(connection: &Connection, folder: &Path, before: &Self) -> Result<Self, StoreError> {
        let generation = connection.query_row("SELECT generation FROM manifest", [], |row| row.get(0))?;
        let heads = heads(connection)?;
        let known: HashMap<u64, &Arc<SegmentFile>> =
            before.segments.iter().map(|file| (file.info.id, file)).collect();
        let mut services: HashMap<u64, Vec<SegmentShare>> = HashMap::new();
        let mut statement = connection.prepare(
            "SELECT segment_id, service, points, bytes FROM segment_services ORDER BY points DESC, service",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            services.entry(row.get(0)?).or_default().push(SegmentShare {
                service: row.get(1)?,
                points: row.get(2)?,
                bytes: row.get(3)?,
            });
        }
        let mut statement = connection.prepare(
            "SELECT id, signal, level, window_start, window_end, first_time, last_time, points, series, bytes, \
             checksum, head, pinned, resolution, part_group, retention_tier FROM segments ORDER BY head, id",
        )?;
        let mut rows = statement.query([])?;
        let mut segments = Vec::new();
        while let Some(row) = rows.next()? {
            let id: u64 = row.get(0)?;
            let pinned = row.get(12)?;
            if let Some(file) = known.get(&id).filter(|file| file.info.pinned == pinned) {
                segments.push(Arc::clone(file));
                continue;
            }
            let Some(signal) = SegmentSignal::named(&row.get::<_, String>(1)?) else { continue };
            let Some(resolution) = resolution_named(&row.get::<_, String>(13)?) else { continue };
            let Some(retention_tier) = resolution_named(&row.get::<_, String>(15)?) else { continue };
            segments.push(Arc::new(SegmentFile::new(Segment {
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
                resolution,
                part_group: row.get(14)?,
                retention_tier,
                services: services.remove(&id).unwrap_or_default(),
                path: file_path(folder, signal, resolution, id),
            })));
        }
        Ok(Self { generation, heads, segments })
    }

    /// Returns the number of points in segments.
    pub(crate) fn sealed_points(&self) -> u64 {
        let of = |file: &&Arc<SegmentFile>| file.info.holds_points();
        self.segments.iter().filter(of).map(|file| file.info.points).sum()
    }

    /// Returns the files of points of a signal that may hold points with `start <= time < end`.
    pub(crate) fn points(
        &self,
        signal: SegmentSignal,
        start: i64,
        end: i64,
    ) -> impl Iterator<Item = &Arc<SegmentFile>> {
        let of = move |file: &&Arc<SegmentFile>| {
            file.info.signal == signal && file.info.resolution == DataResolution::Points
        };
        self.segments.iter().filter(of).filter(move |file| file.touches(start, end))
    }
}

/// The newest manifest, shared by readers, writer and maintenance.
#[derive(Debug)]
pub(crate) struct SharedManifest {
    /// The folder of the segments.
    pub(crate) folder: PathBuf,
    current: RwLock<Arc<Manifest>>,
}

impl SharedManifest {
    /// Reads the manifest of an opened database.
    pub(crate) fn open(connection: &Connection, folder: PathBuf) -> Result<Self, StoreError> {
        let manifest = Manifest::load(connection, &folder, &Manifest::default())?;
        Ok(Self { folder, current: RwLock::new(Arc::new(manifest)) })
    }

    /// Deletes files in the folder that no segment names, such as a crash leaves behind.
    pub(crate) fn sweep(&self) -> Result<(), StoreError> {
        let manifest = self.current();
        let named: HashSet<&Path> = manifest.segments.iter().map(|file| file.info.path.as_path()).collect();
        let entries = fs::read_dir(&self.folder).map_err(|error| file_error(&self.folder, &error))?;
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let ours = path.extension().is_some_and(|ending| ending == "parquet" || ending == UNFINISHED);
            if ours && !named.contains(path.as_path()) {
                fs::remove_file(&path).map_err(|error| file_error(&path, &error))?;
            }
        }
        let parities: HashSet<PathBuf> = named.into_iter().map(parity_path).collect();
        parity::sweep(&self.folder, |path| parities.contains(path))
    }

    /// Returns the newest manifest.
    pub(crate) fn current(&self) -> Arc<Manifest> {
        Arc::clone(&self.current.read())
    }

    /// Makes a committed manifest the newest. Files missing from it are deleted with their last
    /// reader.
    pub(crate) fn replace(&self, manifest: Manifest) {
        let present: HashSet<u64> = manifest.segments.iter().map(|file| file.info.id).collect();
        let mut current = self.current.write();
        for file in &current.segments {
            if !present.contains(&file.info.id) {
                file.set_obsolete();
            }
        }
        *current = Arc::new(manifest);
    }
}
