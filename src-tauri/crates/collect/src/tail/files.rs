//! The files behind one followed path, through rotation and truncation. Blocks.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::{
    lines::{Record, RecordReader},
    position::{self, Identity, Position},
};

/// Bytes read from one file before others get their turn.
const READ_AT_ONCE: u64 = 1024 * 1024;
/// A record is complete when this many looks found nothing that could join it.
const LOOKS_UNTIL_RECORD_ENDS: u32 = 1;
/// A line without an end, and a file that was rotated away, is complete when this many looks found nothing.
const LOOKS_UNTIL_FILE_ENDS: u32 = 20;
/// A folder is listed for new files at every so many looks: it may hold thousands.
const LOOKS_PER_LISTING: u32 = 4;
/// What rotation leaves behind that is no text.
const COMPRESSED: [&str; 6] = ["gz", "xz", "zst", "bz2", "lz4", "zip"];

/// A record with the file it came from.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    identity: Identity,
    pub(crate) path: PathBuf,
    pub(crate) record: Record,
}

/// What one look found.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) taken: Vec<Taken>,
    /// Whether there is more to read at once.
    pub(crate) more: bool,
    /// How many files are followed.
    pub(crate) files: usize,
    /// What could not be read.
    pub(crate) problem: Option<String>,
}

/// The files behind one followed path.
#[derive(Debug)]
pub(crate) struct FollowedFiles {
    folder: PathBuf,
    pattern: String,
    from_start: bool,
    state_file: PathBuf,
    tracked: Vec<Tracked>,
    started: bool,
    looks: u32,
    /// What was wrong when files were last searched for.
    problem: Option<String>,
}

#[derive(Debug)]
struct Tracked {
    /// Up to where everything is stored.
    position: Position,
    file: File,
    /// The first bytes, as they were read.
    head: Vec<u8>,
    reader: RecordReader,
    ready: VecDeque<Record>,
    /// Looks since something was read.
    quiet: u32,
    /// Whether the path leads to it still.
    listed: bool,
}

impl FollowedFiles {
    /// Follows `path`, whose file name may hold `*`; positions are kept in `state_folder`.
    pub(crate) fn new(path: &Path, from_start: bool, state_folder: &Path) -> Self {
        let pattern = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            folder: path.parent().unwrap_or(Path::new("/")).to_owned(),
            pattern,
            from_start,
            state_file: position::state_file(state_folder, &path.to_string_lossy()),
            tracked: Vec::new(),
            started: false,
            looks: 0,
            problem: None,
        }
    }

    /// Reads what is new and takes at most `most` records.
    pub(crate) fn look(&mut self, most: usize) -> Look {
        if !self.pattern.contains('*') || self.looks.is_multiple_of(LOOKS_PER_LISTING) {
            self.problem = self.find_files().err();
        }
        self.looks = self.looks.wrapping_add(1);
        let mut look = Look { problem: self.problem.clone(), ..Look::default() };
        for tracked in &mut self.tracked {
            if tracked.ready.len() < most {
                match tracked.read() {
                    Ok(more) => look.more |= more,
                    Err(error) => {
                        look.problem =
                            Some(format!("cannot read {}: {error}", tracked.position.path.display()));
                    }
                }
            }
            let room = most.saturating_sub(look.taken.len()).min(tracked.ready.len());
            look.taken.extend(tracked.ready.drain(..room).map(|record| Taken {
                identity: tracked.position.identity.clone(),
                path: tracked.position.path.clone(),
                record,
            }));
            look.more |= !tracked.ready.is_empty();
        }
        self.tracked.retain(|tracked| {
            tracked.listed || tracked.quiet < LOOKS_UNTIL_FILE_ENDS || !tracked.ready.is_empty()
        });
        look.files = self.tracked.len();
        look
    }

    /// The records were stored: reading goes on behind them after a restart.
    pub(crate) fn stored(&mut self, taken: &[Taken]) -> io::Result<()> {
        let ends: HashMap<&Identity, u64> =
            taken.iter().map(|taken| (&taken.identity, taken.record.end)).collect();
        for tracked in &mut self.tracked {
            if let Some(end) = ends.get(&tracked.position.identity) {
                tracked.position.offset = *end;
                tracked.position.recognise(&tracked.head);
            }
        }
        self.save()
    }

    fn save(&self) -> io::Result<()> {
        let positions: Vec<&Position> = self.tracked.iter().map(|tracked| &tracked.position).collect();
        position::save(&self.state_file, &positions)
    }

    fn find_files(&mut self) -> Result<(), String> {
        let found = self.matching_files()?;
        let saved = if self.started {
            None
        } else {
            // Positions that cannot be read tell at least that the path was followed before; reading from
            // the start again stores some lines twice, but loses none.
            position::load(&self.state_file).unwrap_or(Some(Vec::new()))
        };
        let known_before = self.started || saved.is_some();
        let saved = saved.unwrap_or_default();
        for tracked in &mut self.tracked {
            tracked.listed = false;
        }
        let mut changed = !self.started;
        let mut problem = Ok(());
        for (path, identity) in found {
            if let Some(tracked) =
                self.tracked.iter_mut().find(|tracked| tracked.position.identity == identity)
            {
                tracked.listed = true;
                tracked.position.path = path;
                continue;
            }
            let earlier = saved.iter().find(|position| position.identity == identity);
            let from_start = known_before || self.from_start;
            match Tracked::open(&path, identity, earlier, from_start) {
                Ok(tracked) => self.tracked.push(tracked),
                Err(error) => problem = Err(format!("cannot open {}: {error}", path.display())),
            }
            changed = true;
        }
        self.take_up_rotated(&saved);
        self.started = true;
        if changed {
            self.save().map_err(|error| format!("cannot keep the position: {error}"))?;
        }
        problem
    }

    /// Files that were rotated away while nothing followed them are read to their end.
    fn take_up_rotated(&mut self, saved: &[Position]) {
        let missing: Vec<&Position> = saved
            .iter()
            .filter(|position| {
                self.tracked.iter().all(|tracked| tracked.position.identity != position.identity)
            })
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
            if let Ok(mut tracked) = Tracked::open(&path, identity, Some(position), true)
                && tracked.position.offset == position.offset
            {
                tracked.listed = false;
                self.tracked.insert(0, tracked);
            }
        }
    }

    fn matching_files(&self) -> Result<Vec<(PathBuf, Identity)>, String> {
        let mut paths = Vec::new();
        if self.pattern.contains('*') {
            let entries = match fs::read_dir(&self.folder) {
                Ok(entries) => entries,
                // The folder may be made later, as may the file.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(format!("cannot list {}: {error}", self.folder.display())),
            };
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                let compressed = name.rsplit_once('.').is_some_and(|(_, end)| COMPRESSED.contains(&end));
                if !compressed && matches(&self.pattern, &name) {
                    paths.push(entry.path());
                }
            }
            paths.sort();
        } else {
            paths.push(self.folder.join(&self.pattern));
        }
        let mut found: Vec<(PathBuf, Identity)> = Vec::new();
        for path in paths {
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => {
                    let identity = Identity::of(&path, &metadata);
                    // A second name of a file is not a second file.
                    if found.iter().all(|(_, known)| *known != identity) {
                        found.push((path, identity));
                    }
                }
                Ok(_) if !self.pattern.contains('*') => {
                    return Err(format!("{} is not a file", path.display()));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(format!("cannot look at {}: {error}", path.display()));
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

impl Tracked {
    /// Opens a file where it was left `earlier`; without that, at its start or at its end.
    fn open(
        path: &Path,
        identity: Identity,
        earlier: Option<&Position>,
        from_start: bool,
    ) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut position =
            Position { path: path.to_owned(), identity, offset: 0, recognised_by: 0, fingerprint: 0 };
        match earlier {
            Some(earlier) if earlier.still_holds(&mut file)? => {
                position = Position { path: path.to_owned(), ..earlier.clone() };
            }
            Some(_) => {}
            None if from_start => {}
            None => {
                position.offset = file.metadata()?.len();
                position.recognise(&position::head(&mut file, position.offset)?);
            }
        }
        let head = position::head(&mut file, position.offset)?;
        let reader = RecordReader::at(position.offset);
        Ok(Self { position, file, head, reader, ready: VecDeque::new(), quiet: 0, listed: true })
    }

    /// Reads the next bytes; true if there are more.
    fn read(&mut self) -> io::Result<bool> {
        let mut records = Vec::new();
        let length = self.file.metadata()?.len();
        let offset = self.reader.offset();
        if length < offset || (length > offset && !self.position.still_holds(&mut self.file)?) {
            self.begin_again(&mut records);
        }
        let offset = self.reader.offset();
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(offset))?;
        (&self.file).take(READ_AT_ONCE).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            self.quiet = self.quiet.saturating_add(1);
            if self.quiet >= LOOKS_UNTIL_FILE_ENDS {
                self.reader.flush_all(&mut records);
            } else if self.quiet >= LOOKS_UNTIL_RECORD_ENDS && self.reader.holds_line() {
                self.reader.flush_record(&mut records);
            }
        } else {
            self.quiet = 0;
            let missing = (position::RECOGNISED_BY as usize).saturating_sub(self.head.len());
            self.head.extend(bytes.iter().take(missing));
            self.reader.push(&bytes, &mut records);
        }
        self.ready.extend(records);
        Ok(bytes.len() as u64 == READ_AT_ONCE)
    }

    /// The file was emptied or written anew: what was read of it is all there will be, and reading starts
    /// at its beginning. Records of the old content must not move the position in the new.
    fn begin_again(&mut self, records: &mut Vec<Record>) {
        self.reader.flush_all(records);
        for record in self.ready.iter_mut().chain(records.iter_mut()) {
            record.end = 0;
        }
        self.reader = RecordReader::at(0);
        self.head.clear();
        self.position.offset = 0;
        self.position.recognised_by = 0;
        self.position.fingerprint = 0;
    }
}

/// Whether `name` fits `pattern`, in which `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names() {
        for (pattern, name, expected) in [
            ("a.log", "a.log", true),
            ("a.log", "a.log.1", false),
            ("*.log", "a.log", true),
            ("*.log", ".log", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
            ("*", "anything", true),
            ("**", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
