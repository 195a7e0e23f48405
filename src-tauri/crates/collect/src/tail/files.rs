//! The files of one followed path, through rotation and truncation. Blocks.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    lines::Record,
    position::{self, Identity, Position},
    tailed_file::{POLLS_UNTIL_FILE_ENDS, TailedFile},
};
use crate::name_pattern::NamePattern;

/// Polls between two listings of the folder, which may hold thousands of files.
const POLLS_PER_LISTING: u32 = 4;
/// Extensions of compressed files after a rotation.
const COMPRESSED: [&str; 6] = ["gz", "xz", "zst", "bz2", "lz4", "zip"];

/// A record and its file.
#[derive(Debug, Clone)]
pub(crate) struct TailedRecord {
    identity: Identity,
    pub(crate) path: PathBuf,
    pub(crate) record: Record,
}

/// The result of one poll.
#[derive(Debug, Default)]
pub(crate) struct Poll {
    pub(crate) records: Vec<TailedRecord>,
    /// True if there is more to read immediately.
    pub(crate) more: bool,
    /// Number of followed files.
    pub(crate) files: usize,
    /// The last read error.
    pub(crate) problem: Option<String>,
}

/// The files of one followed path.
#[derive(Debug)]
pub(crate) struct FollowedFiles {
    folder: PathBuf,
    pattern: NamePattern,
    from_start: bool,
    state_file: PathBuf,
    files: Vec<TailedFile>,
    started: bool,
    polls: u32,
    /// The error of the last search for files.
    problem: Option<String>,
}

impl FollowedFiles {
    /// Follows `path`, whose file name may be a glob. Positions are stored in `state_folder`.
    pub(crate) fn new(path: &Path, from_start: bool, state_folder: &Path) -> Self {
        let pattern = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        Self {
            folder: path.parent().unwrap_or(Path::new("/")).to_owned(),
            pattern: NamePattern::new(&pattern),
            from_start,
            state_file: position::state_file(state_folder, &path.to_string_lossy()),
            files: Vec::new(),
            started: false,
            polls: 0,
            problem: None,
        }
    }

    /// Reads new bytes and returns at limit `limit` records.
    pub(crate) fn poll(&mut self, limit: usize) -> Poll {
        if self.pattern.is_literal() || self.polls.is_multiple_of(POLLS_PER_LISTING) {
            self.problem = self.find_files().err();
        }
        self.polls = self.polls.wrapping_add(1);
        let mut poll = Poll { problem: self.problem.clone(), ..Poll::default() };
        for file in &mut self.files {
            if file.ready.len() < limit {
                match file.read() {
                    Ok(more) => poll.more |= more,
                    Err(error) => {
                        poll.problem = Some(format!("cannot read {}: {error}", file.position.path.display()));
                    }
                }
            }
            let count = limit.saturating_sub(poll.records.len()).min(file.ready.len());
            poll.records.extend(file.ready.drain(..count).map(|record| TailedRecord {
                identity: file.position.identity.clone(),
                path: file.position.path.clone(),
                record,
            }));
            poll.more |= !file.ready.is_empty();
        }
        self.files.retain(|file| file.listed || file.quiet < POLLS_UNTIL_FILE_ENDS || !file.ready.is_empty());
        poll.files = self.files.len();
        poll
    }

    /// Advances the positions behind stored records, for the next start.
    pub(crate) fn advance(&mut self, records: &[TailedRecord]) -> io::Result<()> {
        let ends: HashMap<&Identity, u64> =
            records.iter().map(|record| (&record.identity, record.record.end)).collect();
        for file in &mut self.files {
            if let Some(end) = ends.get(&file.position.identity) {
                file.position.offset = *end;
                file.position.recognise(&file.head);
            }
        }
        self.save()
    }

    fn save(&self) -> io::Result<()> {
        let positions: Vec<&Position> = self.files.iter().map(|file| &file.position).collect();
        position::save(&self.state_file, &positions)
    }

    fn find_files(&mut self) -> Result<(), String> {
        let found = self.matching_files()?;
        let saved = if self.started {
            None
        } else {
            // An unreadable state file shows that the path was followed before. Reading from the
            // start stores some lines twice but loses none.
            position::load(&self.state_file).unwrap_or(Some(Vec::new()))
        };
        let followed_before = self.started || saved.is_some();
        let saved = saved.unwrap_or_default();
        for file in &mut self.files {
            file.listed = false;
        }
        let mut changed = !self.started;
        let mut problem = Ok(());
        for (path, identity) in found {
            if let Some(file) = self.files.iter_mut().find(|file| file.position.identity == identity) {
                file.listed = true;
                file.position.path = path;
                continue;
            }
            let earlier = saved.iter().find(|position| position.identity == identity);
            let from_start = followed_before || self.from_start;
            match TailedFile::open(&path, identity, earlier, from_start) {
                Ok(file) => self.files.push(file),
                Err(error) => problem = Err(format!("cannot open {}: {error}", path.display())),
            }
            changed = true;
        }
        self.open_rotated(&saved);
        self.started = true;
        if changed {
            self.save().map_err(|error| format!("cannot store the position: {error}"))?;
        }
        problem
    }

    /// Opens files that were rotated while nothing followed them; they are read to their end.
    fn open_rotated(&mut self, saved: &[Position]) {
        let missing: Vec<&Position> = saved
            .iter()
            .filter(|position| self.files.iter().all(|file| file.position.identity != position.identity))
            .collect();
        if missing.is_empty() {
            return;
        }
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.flatten().map(|entry| entry.path()) {
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let identity = Identity::of(&path, &metadata);
            let Some(position) = missing.iter().find(|position| position.identity == identity) else {
                continue;
            };
            if let Ok(mut file) = TailedFile::open(&path, identity, Some(position), true)
                && file.position.offset == position.offset
            {
                file.listed = false;
                self.files.insert(0, file);
            }
        }
    }

    fn matching_files(&self) -> Result<Vec<(PathBuf, Identity)>, String> {
        let mut paths = Vec::new();
        if self.pattern.is_literal() {
            paths.push(self.folder.join(self.pattern.text()));
        } else {
            let entries = match fs::read_dir(&self.folder) {
                Ok(entries) => entries,
                // The folder and the file may be created later.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(format!("cannot list {}: {error}", self.folder.display())),
            };
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let compressed = name.rsplit_once('.').is_some_and(|(_, end)| COMPRESSED.contains(&end));
                if !compressed && self.pattern.matches(&name) {
                    paths.push(entry.path());
                }
            }
            paths.sort();
        }
        let mut found: Vec<(PathBuf, Identity)> = Vec::new();
        for path in paths {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => {
                    let identity = Identity::of(&path, &metadata);
                    // A hard link is not a second file.
                    if found.iter().all(|(_, other)| *other != identity) {
                        found.push((path, identity));
                    }
                }
                Ok(_) if self.pattern.is_literal() => {
                    return Err(format!("{} is not a file", path.display()));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(format!("cannot read the state of {}: {error}", path.display()));
                }
                _ => {}
            }
        }
        Ok(found)
    }
}
