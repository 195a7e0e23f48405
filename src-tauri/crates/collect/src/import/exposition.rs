//! Import of Prometheus text and OpenMetrics with timestamps, in chunks of bounded size.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Read as _},
    sync::Arc,
};

use model::{Resource, Timestamp};
use prometheus::{AssemblyError, AssemblyOptions, ExposedSample, Exposition};

use super::{
    families::{Families, base, family_of},
    file_format::Dialect,
    read_error::ReadError,
    sink::{BatchSink, SinkError},
    timestamp,
};

/// Maximum number of bytes of a line.
const MAX_LINE: u64 = 1 << 20;
/// Lines after which a chunk ends at the next family. After twice as many it ends at the next time.
/// Both keep the lines of a histogram together.
const CHUNK_LINES: usize = 10_000;
/// Bytes after which a chunk ends at the next family. It ends in any case at four times as much.
const CHUNK_BYTES: usize = 2 << 20;
/// Malformed lines of one chunk that are reported one by one.
const MAX_RETRIES: usize = 50;

struct Reader<'a> {
    dialect: Dialect,
    service: &'a str,
    now: Timestamp,
    families: Families,
    /// Number and text of each line of the chunk.
    lines: Vec<(u64, String)>,
    line_bytes: usize,
    sink: &'a mut BatchSink,
}

/// Reads a whole file; `service` is the service of samples without a label `job`.
pub(crate) fn read(
    mut input: impl BufRead,
    dialect: Dialect,
    service: &str,
    now: Timestamp,
    sink: &mut BatchSink,
) -> Result<(), ReadError> {
    let mut reader = Reader {
        dialect,
        service,
        now,
        families: Families::default(),
        lines: Vec::new(),
        line_bytes: 0,
        sink,
    };
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        let length = (&mut input).take(MAX_LINE).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            break;
        }
        number += 1;
        reader.sink.progress.bytes_read += length as u64;
        if length as u64 == MAX_LINE && bytes.last() != Some(&b'\n') {
            reader.sink.progress.bytes_read += skip_line(&mut input)?;
            reader.sink.reject(|| format!("line {number}: more than {} KiB", MAX_LINE >> 10))?;
            continue;
        }
        let Ok(line) = std::str::from_utf8(&bytes) else {
            reader.sink.reject(|| format!("line {number}: the text is not UTF-8"))?;
            continue;
        };
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            if dialect == Dialect::OpenMetrics && comment == " EOF" {
                break;
            }
            reader.comment(comment)?;
        } else if !line.is_empty() {
            reader.line(number, line)?;
        }
    }
    reader.assemble()?;
    Ok(())
}

fn skip_line(input: &mut impl BufRead) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = end.map_or(buffer.len(), |end| end + 1);
        input.consume(length);
        skipped += length as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

impl Reader<'_> {
    fn comment(&mut self, comment: &str) -> Result<(), SinkError> {
        let mut words = comment.trim().splitn(3, [' ', '\t']);
        let (Some(keyword), Some(name)) = (words.next(), words.next()) else { return Ok(()) };
        let rest = words.next().unwrap_or_default().trim();
        if !matches!(keyword, "TYPE" | "HELP") || name.len() > 1000 || !prometheus::is_metric_name(name) {
            return Ok(());
        }
        // The declaration applies to later lines only.
        self.assemble()?;
        self.families.declare(keyword, name, rest);
        Ok(())
    }

    fn line(&mut self, number: u64, line: &str) -> Result<(), SinkError> {
        self.sink.progress.rows += 1;
        let line = line.to_owned();
        if let Some((_, last)) = self.lines.last() {
            let new_family = base(family_of(last)) != base(family_of(&line));
            let new_time = time_of(last) != time_of(&line);
            let (waiting, bytes) = (self.lines.len(), self.line_bytes);
            if (new_family && (waiting >= CHUNK_LINES || bytes >= CHUNK_BYTES))
                || (new_time && (waiting >= 2 * CHUNK_LINES || bytes >= 2 * CHUNK_BYTES))
                || (waiting >= 20 * CHUNK_LINES || bytes >= 4 * CHUNK_BYTES)
            {
                self.assemble()?;
            }
        }
        self.line_bytes += line.len();
        self.lines.push((number, line));
        Ok(())
    }

    /// Parses the chunk and adds its points to the sink.
    fn assemble(&mut self) -> Result<(), SinkError> {
        let mut lines = std::mem::take(&mut self.lines);
        self.line_bytes = 0;
        let mut retries = 0;
        while !lines.is_empty() {
            let (header, header_lines) = self.families.header(self.dialect, &lines);
            let mut text = header;
            for (_, line) in &lines {
                text.push_str(line);
                text.push('\n');
            }
            let parsed = match self.dialect {
                Dialect::Prometheus => prometheus::parse_text(text.as_bytes(), usize::MAX),
                Dialect::OpenMetrics => {
                    text.push_str("# EOF\n");
                    prometheus::parse_openmetrics(text.as_bytes(), usize::MAX)
                }
            };
            match parsed {
                Ok(exposition) => return self.add(exposition, &lines, header_lines),
                Err(error) => {
                    let position = error.line.saturating_sub(header_lines + 1).min(lines.len() - 1);
                    let (number, _) = lines.remove(position);
                    retries += 1;
                    self.sink.reject(|| format!("line {number}: {}", error.message))?;
                    if retries >= MAX_RETRIES {
                        for (number, _) in lines.drain(..) {
                            self.sink.reject(|| {
                                format!("line {number}: skipped, too many malformed lines before it")
                            })?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        exposition: Exposition,
        lines: &[(u64, String)],
        header_lines: usize,
    ) -> Result<(), SinkError> {
        let number = |line: usize| lines.get(line.saturating_sub(header_lines + 1)).map_or(0, |line| line.0);
        let mut by_job: BTreeMap<String, Vec<ExposedSample>> = BTreeMap::new();
        for sample in exposition.samples {
            let is_creation_time = self.dialect == Dialect::OpenMetrics && sample.name.ends_with("_created");
            if is_creation_time {
                continue;
            }
            let time = sample.time;
            let problem = match time.map(|time| timestamp::validate(time, self.now)) {
                Some(Ok(_)) => None,
                Some(Err(message)) => Some(message),
                None => Some("no time: the import needs a time for each sample".to_owned()),
            };
            if let Some(message) = problem {
                let line = number(sample.line);
                self.sink.reject(|| format!("line {line}: {message}"))?;
                continue;
            }
            let job = sample.labels.iter().find(|(name, _)| name == "job").map(|(_, job)| job.as_str());
            let service = job.filter(|job| !job.is_empty()).unwrap_or(self.service).to_owned();
            by_job.entry(service).or_default().push(sample);
        }
        for (service, samples) in by_job {
            let target = AssemblyOptions {
                resource: Arc::new(Resource::service_named(&service)),
                ..AssemblyOptions::default()
            };
            let mut chunk = Exposition {
                kinds: exposition.kinds.clone(),
                help: exposition.help.clone(),
                samples,
                ..Exposition::default()
            };
            loop {
                match prometheus::assemble(&chunk, &target, self.now) {
                    Ok(assembled) => break self.sink.add_batch(assembled.batch)?,
                    Err(AssemblyError { error, .. }) => {
                        let before = chunk.samples.len();
                        chunk.samples.retain(|sample| sample.line != error.line);
                        let line = number(error.line);
                        self.sink.reject(|| format!("line {line}: {}", error.message))?;
                        if chunk.samples.len() == before {
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// Returns the last word of a line before its exemplar, which is the time if it has one.
fn time_of(line: &str) -> Option<&str> {
    line.split(" # ").next()?.rsplit(' ').next()
}
