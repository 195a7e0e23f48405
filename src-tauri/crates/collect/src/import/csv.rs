//! Comma-separated values (RFC 4180), read record by record in bounded memory, with the position of
//! every field.

use std::io::{self, BufRead};

/// Maximum number of bytes of a record. Without it an unclosed quote would take the whole file.
const MAX_RECORD: usize = 1 << 20;

/// A record: its fields as bytes, and their positions.
#[derive(Debug, Default)]
pub(crate) struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    columns: Vec<u64>,
    /// Line of the first field, from 1.
    pub(crate) line: u64,
}

impl Record {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns true for an empty line.
    pub(crate) fn is_blank(&self) -> bool {
        self.len() <= 1 && self.bytes.is_empty()
    }

    pub(crate) fn field(&self, index: usize) -> Option<&[u8]> {
        let start = if index == 0 { 0 } else { *self.ends.get(index - 1)? };
        self.bytes.get(start..*self.ends.get(index)?)
    }

    /// Returns the column in characters at which a field begins, from 1. For a missing field it is
    /// the end of the record.
    pub(crate) fn column(&self, index: usize) -> u64 {
        self.columns.get(index).or(self.columns.last()).copied().unwrap_or(1)
    }

    fn clear(&mut self, line: u64) {
        self.bytes.clear();
        self.ends.clear();
        self.columns.clear();
        self.line = line;
    }
}

/// A malformed record. The next record is readable.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) message: String,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Plain,
    Quoted,
    AfterQuote,
}

/// The reader of records.
pub(crate) struct CsvReader<R> {
    input: R,
    separator: u8,
    line: u64,
    column: u64,
    /// Number of bytes read.
    pub(crate) position: u64,
    pub(crate) record: Record,
}

impl<R: BufRead> CsvReader<R> {
    pub(crate) fn new(input: R, separator: u8) -> Self {
        Self { input, separator, line: 1, column: 1, position: 0, record: Record::default() }
    }

    /// Reads the next record into `self.record`; returns false at the end. The inner error is a
    /// malformed record, which is skipped up to the end of its line.
    pub(crate) fn read(&mut self) -> io::Result<Result<bool, Malformed>> {
        self.record.clear(self.line);
        let mut state = State::Start;
        let mut quote = (self.line, self.column);
        let mut any = false;
        loop {
            if matches!(state, State::Plain | State::Quoted) {
                self.read_run(state)?;
            }
            let Some(byte) = self.next_byte()? else {
                if state == State::Quoted {
                    return Ok(Err(malformed(quote, "a quote is not closed")));
                }
                if any {
                    self.record.ends.push(self.record.bytes.len());
                }
                return Ok(Ok(any));
            };
            let position = (self.line, self.column);
            self.advance(byte);
            if !any || (state == State::Start && self.record.columns.len() == self.record.ends.len()) {
                self.record.columns.push(position.1);
            }
            any = true;
            if self.record.bytes.len() >= MAX_RECORD {
                let position = if state == State::Quoted { quote } else { (self.record.line, 1) };
                if byte != b'\n' {
                    self.skip_line()?;
                }
                let message = format!("a record of more than {} KiB", MAX_RECORD >> 10);
                return Ok(Err(malformed(position, &message)));
            }
            state = match (state, byte) {
                (State::Quoted, b'"') => State::AfterQuote,
                (State::Quoted, byte) => {
                    self.record.bytes.push(byte);
                    State::Quoted
                }
                (State::AfterQuote, b'"') => {
                    self.record.bytes.push(b'"');
                    State::Quoted
                }
                (_, b'\n') => {
                    if state == State::Plain && self.record.bytes.last() == Some(&b'\r') {
                        self.record.bytes.pop();
                    }
                    self.record.ends.push(self.record.bytes.len());
                    return Ok(Ok(true));
                }
                (_, byte) if byte == self.separator => {
                    self.record.ends.push(self.record.bytes.len());
                    State::Start
                }
                (State::AfterQuote, b'\r') => State::AfterQuote,
                (State::AfterQuote, _) => {
                    self.skip_line()?;
                    return Ok(Err(malformed(position, "text after a closing quote")));
                }
                (State::Start, b'"') => {
                    quote = position;
                    State::Quoted
                }
                (State::Start | State::Plain, byte) => {
                    self.record.bytes.push(byte);
                    State::Plain
                }
            };
        }
    }

    /// Reads buffered bytes of a field up to the next one that may end the field, all at once.
    fn read_run(&mut self, state: State) -> io::Result<()> {
        let end = if state == State::Quoted { b'"' } else { self.separator };
        let buffer = self.input.fill_buf()?;
        let free = MAX_RECORD.saturating_sub(self.record.bytes.len());
        let run = &buffer[..buffer.len().min(free)];
        let length = run.iter().position(|byte| *byte == end || *byte == b'\n').unwrap_or(run.len());
        let run = &run[..length];
        self.record.bytes.extend_from_slice(run);
        self.column += run.iter().filter(|byte| is_column(**byte)).count() as u64;
        self.position += length as u64;
        self.input.consume(length);
        Ok(())
    }

    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        let byte = self.input.fill_buf()?.first().copied();
        if byte.is_some() {
            self.input.consume(1);
            self.position += 1;
        }
        Ok(byte)
    }

    fn advance(&mut self, byte: u8) {
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else if is_column(byte) {
            self.column += 1;
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        while let Some(byte) = self.next_byte()? {
            self.advance(byte);
            if byte == b'\n' {
                break;
            }
        }
        Ok(())
    }
}

/// Returns false for continuation bytes of UTF-8.
fn is_column(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

fn malformed((line, column): (u64, u64), message: &str) -> Malformed {
    Malformed { line, column, message: message.to_owned() }
}

/// Returns the most frequent separator of a header, outside of quotes.
pub(crate) fn separator_of(header: &[u8]) -> u8 {
    let count = |separator: u8| {
        let mut quoted = false;
        header
            .iter()
            .filter(|byte| {
                quoted ^= **byte == b'"';
                **byte == separator && !quoted
            })
            .count()
    };
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<Result<Vec<String>, Malformed>> {
        let mut reader = CsvReader::new(text.as_bytes(), b',');
        let mut records = Vec::new();
        loop {
            match reader.read().unwrap() {
                Ok(false) => return records,
                Ok(true) => records.push(Ok((0..reader.record.len())
                    .map(|index| String::from_utf8_lossy(reader.record.field(index).unwrap()).into_owned())
                    .collect())),
                Err(error) => records.push(Err(error)),
            }
        }
    }

    fn fields(words: &[&str]) -> Result<Vec<String>, Malformed> {
        Ok(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn records_are_read_as_rfc_4180_has_them() {
        assert_eq!(
            records("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n,\n\"\"\n last ,2"),
            [
                fields(&["a", "b"]),
                fields(&["1", "x, \"y\"\nz"]),
                fields(&["", ""]),
                fields(&[""]),
                fields(&[" last ", "2"]),
            ]
        );
        assert_eq!(records(""), []);
    }

    #[test]
    fn malformed_records_are_reported_with_their_position_and_skipped() {
        let found = records("a,\"b\"c,d\nnext\n1,\"open\n\n");
        assert_eq!(found[0], Err(malformed((1, 6), "text after a closing quote")));
        assert_eq!(found[1], fields(&["next"]));
        assert_eq!(found[2], Err(malformed((3, 3), "a quote is not closed")));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn a_record_without_end_takes_bounded_memory() {
        let text = format!("\"{}\nafter\n", "x".repeat(5 << 20));
        let mut reader = CsvReader::new(text.as_bytes(), b',');
        let error = reader.read().unwrap().unwrap_err();
        assert_eq!((error.line, error.column), (1, 1));
        assert!(reader.record.bytes.capacity() <= 4 * MAX_RECORD);
        assert_eq!(reader.read().unwrap(), Ok(true));
        assert_eq!((reader.record.field(0), reader.record.line), (Some(&b"after"[..]), 2));
    }

    #[test]
    fn positions_and_separators_are_found() {
        let mut reader = CsvReader::new("é;\"b\";c\n".as_bytes(), b';');
        reader.read().unwrap().unwrap();
        assert_eq!([0, 1, 2, 9].map(|index| reader.record.column(index)), [1, 3, 7, 7]);
        assert_eq!(separator_of(b"time;\"a,b,c\";value"), b';');
        assert_eq!(separator_of(b"time\tvalue\tx"), b'\t');
        assert_eq!(separator_of(b"time"), b',');
    }
}
