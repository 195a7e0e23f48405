//! Splitting of bytes into lines, and of lines into records. Pure.

/// Maximum number of bytes of a line; the rest is cut off.
pub(crate) const MAX_LINE_BYTES: usize = 64 * 1024;
/// The end of a cut line.
pub(crate) const CUT_MARK: &str = " … [line cut]";
/// Maximum number of lines of a record; the next line begins a new one.
const MAX_LINES: usize = 500;
/// Maximum number of bytes of a record.
const MAX_BYTES: usize = 256 * 1024;

/// A record and its end in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) text: String,
    /// Offset in the file of the first byte behind it.
    pub(crate) end: u64,
}

/// Splits bytes at line ends (LF or CRLF) and joins the lines of a stack trace to the record before
/// them.
#[derive(Debug, Default)]
pub(crate) struct RecordReader {
    /// Offset of the next byte that will be pushed.
    offset: u64,
    partial: Vec<u8>,
    cut: bool,
    open: Option<OpenRecord>,
}

#[derive(Debug)]
struct OpenRecord {
    record: Record,
    lines: usize,
    /// True within a Python traceback, whose last line is not indented.
    traceback: bool,
}

impl RecordReader {
    /// Creates a reader whose first byte is at `offset` in the file.
    pub(crate) fn at(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// Returns the offset of the next byte to push.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns true if a record is not complete.
    pub(crate) fn holds_line(&self) -> bool {
        self.open.is_some()
    }

    /// Returns true if a line has no end yet.
    pub(crate) fn holds_partial_line(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Reads the next bytes of the file; adds complete records to `records`.
    pub(crate) fn push(&mut self, mut bytes: &[u8], records: &mut Vec<Record>) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            self.append(line);
            self.offset += line.len() as u64 + 1;
            self.end_line(records);
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.append(bytes);
        self.offset += bytes.len() as u64;
    }

    /// Completes the record that waits for continuation lines.
    pub(crate) fn flush_record(&mut self, records: &mut Vec<Record>) {
        records.extend(self.open.take().map(|open| open.record));
    }

    /// Completes a line without an end, and its record.
    pub(crate) fn flush_all(&mut self, records: &mut Vec<Record>) {
        if self.holds_partial_line() {
            self.end_line(records);
        }
        self.flush_record(records);
    }

    fn append(&mut self, bytes: &[u8]) {
        let remaining = MAX_LINE_BYTES.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(bytes.get(..remaining).unwrap_or(bytes));
        self.cut |= bytes.len() > remaining;
    }

    fn end_line(&mut self, records: &mut Vec<Record>) {
        let mut bytes = std::mem::take(&mut self.partial);
        let cut = std::mem::take(&mut self.cut);
        if bytes.last() == Some(&b'\r') && !cut {
            bytes.pop();
        }
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        if cut {
            text.push_str(CUT_MARK);
        }
        self.add_line(text, records);
    }

    fn add_line(&mut self, line: String, records: &mut Vec<Record>) {
        let end = self.offset;
        if line.trim().is_empty() {
            // An empty line only moves the end of the record.
            if let Some(open) = &mut self.open {
                open.record.end = end;
            }
            return;
        }
        if let Some(open) = &mut self.open {
            let fits = open.lines < MAX_LINES && open.record.text.len() + line.len() < MAX_BYTES;
            if fits && open.continues_with(&line) {
                open.record.text.push('\n');
                open.record.text.push_str(&line);
                open.record.end = end;
                open.lines += 1;
                return;
            }
        }
        self.flush_record(records);
        let traceback = begins_traceback(&line);
        self.open = Some(OpenRecord { record: Record { text: line, end }, lines: 1, traceback });
    }
}

impl OpenRecord {
    fn continues_with(&mut self, line: &str) -> bool {
        const CONTINUATIONS: [&str; 4] = [
            "Caused by:",
            "Suppressed:",
            "During handling of the above exception",
            "The above exception was the direct cause",
        ];
        if begins_traceback(line) {
            self.traceback = true;
            return true;
        }
        if line.starts_with([' ', '\t']) || CONTINUATIONS.iter().any(|start| line.starts_with(start)) {
            return true;
        }
        // The last line of a traceback names the exception: `ValueError: text`.
        let ends_traceback = self.traceback && line.starts_with(|c: char| c.is_alphabetic() || c == '_');
        self.traceback = false;
        ends_traceback
    }
}

fn begins_traceback(line: &str) -> bool {
    line.starts_with("Traceback (most recent call last)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pieces: &[&[u8]]) -> Vec<String> {
        let mut reader = RecordReader::default();
        let mut records = Vec::new();
        for piece in pieces {
            reader.push(piece, &mut records);
        }
        reader.flush_all(&mut records);
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        assert_eq!(reader.offset(), total as u64);
        if let Some(last) = records.last() {
            assert_eq!(last.end, total as u64);
        }
        records.into_iter().map(|record| record.text).collect()
    }

    #[test]
    fn lines_do_not_depend_on_the_chunks() {
        let bytes = "one\r\nzwei ä\n\nthree".as_bytes();
        for size in 1..bytes.len() {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(texts(&pieces), ["one", "zwei ä", "three"]);
        }
    }

    #[test]
    fn a_record_is_complete_when_the_next_begins() {
        let mut reader = RecordReader::at(100);
        let mut records = Vec::new();
        reader.push(b"a\nb\nc", &mut records);
        assert_eq!(records, [Record { text: "a".into(), end: 102 }]);
        assert!(reader.holds_line() && reader.holds_partial_line());
        reader.flush_record(&mut records);
        assert_eq!(records[1], Record { text: "b".into(), end: 104 });
        reader.push(b"d\n", &mut records);
        reader.flush_record(&mut records);
        assert_eq!(records[2], Record { text: "cd".into(), end: 107 });
    }

    #[test]
    fn stack_traces_belong_to_their_record() {
        let java =
            b"ERROR broken\njava.lang.A: x\n\tat a.b\n\tat c.d\nCaused by: y\n\t... 3 more\nINFO next\n";
        assert_eq!(
            texts(&[java]),
            ["ERROR broken", "java.lang.A: x\n\tat a.b\n\tat c.d\nCaused by: y\n\t... 3 more", "INFO next"]
        );
        let python = b"ERROR:root:no\nTraceback (most recent call last):\n  File \"x\"\nValueError: bad\nINFO:root:ok\n";
        assert_eq!(
            texts(&[python]),
            [
                "ERROR:root:no\nTraceback (most recent call last):\n  File \"x\"\nValueError: bad",
                "INFO:root:ok"
            ]
        );
        assert_eq!(texts(&[b"  indented first\nx\n"]), ["  indented first", "x"]);
    }

    #[test]
    fn long_lines_are_cut_and_invalid_bytes_replaced() {
        let long = vec![b'x'; 3 * MAX_LINE_BYTES];
        let lines = texts(&[&long, b"tail\nnext\n"]);
        assert_eq!(lines[0].len(), MAX_LINE_BYTES + CUT_MARK.len());
        assert_eq!(lines[1], "next");
        assert_eq!(texts(&[b"a\xff\xfeb\n"]), ["a\u{fffd}\u{fffd}b"]);
        assert_eq!(texts(&[b"\0\0\n"]), ["\0\0"]);
        let endless: Vec<u8> = b" continued\n".repeat(10_000);
        let records = texts(&[b"start\n", &endless]);
        assert!(records.len() > 10 && records.iter().all(|record| record.len() <= MAX_BYTES));
    }
}
