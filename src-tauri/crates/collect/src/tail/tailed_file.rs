//! One followed file: its position, its reader and the records that are ready. Blocks.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use super::{
    lines::{Record, RecordReader},
    position::{self, Identity, Position},
};

/// Bytes read from one file before the next file.
const MAX_READ_BYTES: u64 = 1024 * 1024;
/// Polls without new bytes after which a record is complete.
const POLLS_UNTIL_RECORD_ENDS: u32 = 1;
/// Polls without new bytes after which a line without an end, and a rotated file, is complete.
pub(super) const POLLS_UNTIL_FILE_ENDS: u32 = 20;

/// A followed file.
#[derive(Debug)]
pub(super) struct TailedFile {
    /// The position up to which every record is stored.
    pub(super) position: Position,
    file: File,
    /// The first bytes at the time of reading.
    pub(super) head: Vec<u8>,
    reader: RecordReader,
    pub(super) ready: VecDeque<Record>,
    /// Polls without new bytes.
    pub(super) quiet: u32,
    /// True while the followed path still names it.
    pub(super) listed: bool,
}

impl TailedFile {
    /// Opens a file at its `earlier` position; without one, at its start or at its end.
    pub(super) fn open(
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

    /// Reads the next bytes; returns true if there are more.
    pub(super) fn read(&mut self) -> io::Result<bool> {
        let mut records = Vec::new();
        let length = self.file.metadata()?.len();
        let offset = self.reader.offset();
        if length < offset || (length > offset && !self.position.still_holds(&mut self.file)?) {
            self.restart(&mut records);
        }
        let offset = self.reader.offset();
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(offset))?;
        (&self.file).take(MAX_READ_BYTES).read_to_end(&mut bytes)?;
        if bytes.is_empty() {
            self.quiet = self.quiet.saturating_add(1);
            if self.quiet >= POLLS_UNTIL_FILE_ENDS {
                self.reader.flush_all(&mut records);
            } else if self.quiet >= POLLS_UNTIL_RECORD_ENDS && self.reader.holds_line() {
                self.reader.flush_record(&mut records);
            }
        } else {
            self.quiet = 0;
            let missing = (position::RECOGNISED_BY as usize).saturating_sub(self.head.len());
            self.head.extend(bytes.iter().take(missing));
            self.reader.push(&bytes, &mut records);
        }
        self.ready.extend(records);
        Ok(bytes.len() as u64 == MAX_READ_BYTES)
    }

    /// Restarts at the beginning of a file that was truncated or rewritten. Records of the old
    /// content do not move the position in the new content.
    fn restart(&mut self, records: &mut Vec<Record>) {
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
