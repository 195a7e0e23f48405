//! A damaged entry of the write-ahead log that can be left out.
//!
//! Entries name rows by their position. After a lost insertion, everything is kept that does not
//! change rows of the same table. Source: `src/storage/write_ahead_log.cpp` of DuckDB 1.5.

use super::{checksum_code::checksum, log_file::ENTRY_HEAD};
use crate::database::schema;

/// Types of entries, the byte after the number of their first field.
const USE_TABLE: u8 = 25;
const INSERT: u8 = 26;
const DELETE: u8 = 27;
const UPDATE: u8 = 28;
/// Rows that are in the database file already.
const ROW_GROUPS: u8 = 29;
/// The number of the first field of each entry: its type.
const TYPE_FIELD: [u8; 2] = [100, 0];
/// Tables whose rows belong together. Without one of them the others are wrong.
const STRUCTURE: [&str; 5] = ["schema_version", "manifest", "heads", "segments", "segment_services"];

/// An entry that can be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Removable {
    /// The end of the entry in the log.
    pub(super) end: usize,
    /// The table that it changes.
    pub(super) table: String,
    /// What is lost with it.
    pub(super) lost: String,
}

/// Returns the damaged entry at a position of a log, if everything after it can be replayed without
/// it. `header` is the length of the header of the log.
pub(super) fn removable(log: &[u8], header: usize, position: usize) -> Option<Removable> {
    let mut table = None;
    let mut at = header;
    while at < position {
        let (content, end) = entry_at(log, at)?;
        follow(content, &mut table);
        at = end;
    }
    let table = table.filter(|table| !STRUCTURE.contains(&table.as_str()))?;
    let (content, end) = entry_at(log, position)?;
    // A byte may be missing in it.
    let end = [end, end - 1].into_iter().find(|end| *end == log.len() || is_valid(log, *end))?;
    let lost = match kind(content)? {
        INSERT => match rows(content) {
            Some(rows) => format!("{rows} rows of table {table}"),
            None => format!("up to 2048 rows of table {table}"),
        },
        DELETE => format!("a deletion of rows of table {table}"),
        UPDATE => format!("a change of rows of table {table}"),
        _ => return None,
    };
    let (mut at, mut used) = (end, Some(table.clone()));
    while at < log.len() {
        let (content, next) = entry_at(log, at)?;
        follow(content, &mut used);
        let changes_rows = matches!(kind(content), Some(DELETE | UPDATE));
        if changes_rows && used.as_ref() == Some(&table) {
            // The type of the damaged entry may be wrong: it may have added rows in any case.
            return None;
        }
        at = next;
    }
    Some(Removable { end, table, lost })
}

/// Returns the entries of a log that insert rows into a table, with those that select it. Returns
/// none if the log changes or deletes rows of the table.
pub(super) fn insertions(log: &[u8], header: usize, table: &str) -> Option<Vec<u8>> {
    let (mut at, mut used, mut found) = (header, None, Vec::new());
    while at < log.len() {
        let (content, end) = entry_at(log, at)?;
        follow(content, &mut used);
        if used.as_deref() == Some(table) {
            match kind(content) {
                Some(USE_TABLE | INSERT) => found.extend(log.get(at..end)?),
                Some(DELETE | UPDATE | ROW_GROUPS) => return None,
                _ => {}
            }
        }
        at = end;
    }
    Some(found)
}

fn is_valid(log: &[u8], at: usize) -> bool {
    entry_at(log, at).is_some_and(|(content, _)| {
        log.get(at + 8..at + ENTRY_HEAD) == Some(&checksum(content).to_le_bytes())
    })
}

/// Returns the contents of all entries of a log with a valid checksum.
pub(super) fn contents(log: &[u8], header: usize) -> impl Iterator<Item = &[u8]> {
    let mut at = header;
    std::iter::from_fn(move || {
        loop {
            let (content, end) = entry_at(log, at)?;
            let stored = log.get(at + 8..at + ENTRY_HEAD)?;
            at = end;
            if checksum(content).to_le_bytes() == stored {
                return Some(content);
            }
        }
    })
}

/// Returns content and end of the entry at a position.
pub(super) fn entry_at(log: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let start = at.checked_add(ENTRY_HEAD)?;
    let size = usize::try_from(u64::from_le_bytes(log.get(at..at + 8)?.try_into().ok()?)).ok()?;
    let end = start.checked_add(size)?;
    Some((log.get(start..end)?, end))
}

/// Returns the type of an entry.
fn kind(content: &[u8]) -> Option<u8> {
    content.strip_prefix(&TYPE_FIELD)?.first().copied()
}

/// Remembers the table that an entry selects.
fn follow(content: &[u8], table: &mut Option<String>) {
    if kind(content) == Some(USE_TABLE) {
        *table = selected(content);
    }
}

/// Returns the table that an entry selects.
fn selected(content: &[u8]) -> Option<String> {
    let text = |bytes: &[u8], field: u8| -> Option<(String, usize)> {
        let rest = bytes.strip_prefix(&[field, 0])?;
        // Names of 128 bytes and more have a longer length.
        let length = usize::from(*rest.first()?);
        let text = rest.get(1..=length)?;
        Some((std::str::from_utf8(text).ok()?.to_owned(), length + 3))
    };
    let content = content.get(3..)?;
    let (_, length) = text(content, 101)?;
    Some(text(content.get(length..)?, 102)?.0)
}

/// Returns whether an entry selects a table of the database, and is nothing else.
pub(super) fn selects_known_table(content: &[u8]) -> bool {
    let Some(table) = selected(content).filter(|_| kind(content) == Some(USE_TABLE)) else { return false };
    let name = table.as_bytes();
    let length = name.len() as u8;
    let right =
        [&[100, 0, USE_TABLE, 101, 0, 4][..], b"main", &[102, 0, length], name, &[0xff, 0xff]].concat();
    // Heads have a number after the name of their table.
    let base = table.trim_end_matches(|letter: char| letter.is_ascii_digit());
    content == right && [table.as_str(), base.trim_end_matches('_')].into_iter().any(schema::has_table)
}

/// Returns the number of rows that an entry inserts.
fn rows(content: &[u8]) -> Option<u16> {
    let rest = content.strip_prefix(&[100, 0, INSERT, 101, 0, 100, 0])?;
    let (low, high) = (*rest.first()?, *rest.get(1)?);
    let rows = if low < 0x80 { u16::from(low) } else { u16::from(low & 0x7f) | (u16::from(high) << 7) };
    (rows <= 2048).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::{super::log_file, *};

    fn of(kind: u8, rest: &[u8]) -> Vec<u8> {
        log_file::entry(&[&[100, 0, kind][..], rest, &[0xff, 0xff]].concat())
    }

    fn uses(table: &str) -> Vec<u8> {
        let name = [&[102, 0, table.len() as u8][..], table.as_bytes()].concat();
        of(USE_TABLE, &[&[101, 0, 4][..], b"main", &name].concat())
    }

    fn inserts() -> Vec<u8> {
        of(INSERT, &[101, 0, 100, 0, 0x83, 2, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    /// Returns what is found for the third entry of a log, with damage in it.
    fn third(entries: &[Vec<u8>]) -> Option<Removable> {
        let header = vec![9; 12];
        let position = header.len() + entries[0].len() + entries[1].len();
        let mut log = [vec![header], entries.to_vec()].concat().concat();
        log[position + ENTRY_HEAD + 12] ^= 0x40;
        removable(&log, 12, position)
    }

    #[test]
    fn a_lost_insertion_is_left_out_unless_later_entries_count_its_rows() {
        let commit = log_file::entry(&[100, 0, 100, 0xff, 0xff]);
        let before = [commit.clone(), uses("logs"), inserts(), commit.clone()];
        let found = third(&before).unwrap();
        assert_eq!((found.table.as_str(), found.lost.as_str()), ("logs", "259 rows of table logs"));
        let after = |more: &[Vec<u8>]| third(&[&before[..], more].concat());
        assert!(after(&[uses("spans"), of(DELETE, &[101, 0, 1]), commit.clone()]).is_some());
        assert!(after(&[uses("logs"), inserts(), commit.clone()]).is_some());
        assert_eq!(after(&[uses("logs"), of(DELETE, &[101, 0, 1]), commit.clone()]), None);
        assert_eq!(after(&[of(UPDATE, &[101, 0, 1]), commit.clone()]), None);
    }

    #[test]
    fn entries_that_others_depend_on_are_not_left_out() {
        let commit = log_file::entry(&[100, 0, 100, 0xff, 0xff]);
        assert_eq!(third(&[commit.clone(), uses("segments"), inserts(), commit.clone()]), None);
        assert_eq!(third(&[commit.clone(), commit.clone(), inserts()]), None);
        let creates = of(1, &[101, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(third(&[commit.clone(), uses("logs"), creates, commit]), None);
    }

    #[test]
    fn insertions_of_one_table_are_found_unless_its_rows_change() {
        let commit = log_file::entry(&[100, 0, 100, 0xff, 0xff]);
        let find = |entries: &[Vec<u8>]| {
            insertions(&[vec![vec![9; 12]], entries.to_vec()].concat().concat(), 12, "logs")
        };
        let mixed = [
            uses("logs"),
            inserts(),
            uses("spans"),
            inserts(),
            of(DELETE, &[1]),
            commit.clone(),
            uses("logs"),
            inserts(),
        ];
        assert_eq!(find(&mixed), Some([uses("logs"), inserts(), uses("logs"), inserts()].concat()));
        assert_eq!(find(&[uses("logs"), inserts(), of(UPDATE, &[1]), commit]), None);
    }
}
