//! Prometheus text and OpenMetrics with timestamps, in pieces of bounded size.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, BufRead, Read as _},
    sync::Arc,
};

use model::{Resource, Timestamp};
use prometheus::{AssemblyError, AssemblyOptions, ExposedSample, Exposition};

use super::{
    Unreadable, moment,
    sink::{Ended, Sink},
};

/// A longer line is refused.
const LONGEST_LINE: u64 = 1 << 20;
/// A piece ends at the first new family after so many lines, and at the first new time after twice as many: the
/// lines of a histogram stay together.
const PIECE: usize = 10_000;
/// A piece also ends where its text gets this long, and in any case at four times as much.
const PIECE_BYTES: usize = 2 << 20;
/// Text of the names and help of families that is remembered.
const MOST_FAMILY_BYTES: usize = 32 << 20;
/// Malformed lines of one piece that are told one by one.
const MOST_RETRIES: usize = 50;

/// Which of the two texts it is. They differ in the unit of times, among other things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Prometheus text 0.0.4: milliseconds.
    Prometheus,
    /// OpenMetrics 1.0: seconds; ends with `# EOF`.
    OpenMetrics,
}

/// What is remembered of a family.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
}

struct Reader<'a> {
    dialect: Dialect,
    service: &'a str,
    now: Timestamp,
    families: HashMap<String, Family>,
    /// Bytes of text in `families`, and what they take beside it.
    family_bytes: usize,
    /// Numbers and text of the lines that wait.
    lines: Vec<(u64, String)>,
    line_bytes: usize,
    sink: &'a mut Sink,
}

/// Reads a whole file; `service` is that of samples without a label `job`.
pub(crate) fn read(
    mut input: impl BufRead,
    dialect: Dialect,
    service: &str,
    now: Timestamp,
    sink: &mut Sink,
) -> Result<(), Unreadable> {
    let mut reader = Reader {
        dialect,
        service,
        now,
        families: HashMap::new(),
        family_bytes: 0,
        lines: Vec::new(),
        line_bytes: 0,
        sink,
    };
    let mut bytes = Vec::new();
    let mut number = 0;
    loop {
        bytes.clear();
        let length = (&mut input).take(LONGEST_LINE).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            break;
        }
        number += 1;
        reader.sink.tally.bytes_read += length as u64;
        if length as u64 == LONGEST_LINE && bytes.last() != Some(&b'\n') {
            reader.sink.tally.bytes_read += skip_line(&mut input)?;
            reader.sink.refuse(|| format!("line {number}: more than {} KiB", LONGEST_LINE >> 10))?;
            continue;
        }
        let Ok(line) = std::str::from_utf8(&bytes) else {
            reader.sink.refuse(|| format!("line {number}: the text is not UTF-8"))?;
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
    fn comment(&mut self, comment: &str) -> Result<(), Ended> {
        let mut words = comment.trim().splitn(3, [' ', '\t']);
        let (Some(keyword), Some(name)) = (words.next(), words.next()) else { return Ok(()) };
        let rest = words.next().unwrap_or_default().trim();
        if !matches!(keyword, "TYPE" | "HELP") || name.len() > 1000 || !prometheus::is_metric_name(name) {
            return Ok(());
        }
        // A type is told before the samples of its family; lines that wait were told without it.
        self.assemble()?;
        let rest: String = rest.chars().take(500).collect();
        self.family_bytes += size_of::<(String, Family)>() + name.len() + rest.len();
        if self.family_bytes > MOST_FAMILY_BYTES {
            self.families.clear();
            self.family_bytes = 0;
        }
        let family = self.families.entry(name.to_owned()).or_default();
        match keyword {
            "TYPE" => family.kind = rest,
            _ => family.help = rest,
        }
        Ok(())
    }

    fn line(&mut self, number: u64, line: &str) -> Result<(), Ended> {
        self.sink.tally.rows += 1;
        let line = line.to_owned();
        if let Some((_, last)) = self.lines.last() {
            let new_family = base(family_of(last)) != base(family_of(&line));
            let new_time = time_of(last) != time_of(&line);
            let (waiting, bytes) = (self.lines.len(), self.line_bytes);
            if (new_family && (waiting >= PIECE || bytes >= PIECE_BYTES))
                || (new_time && (waiting >= 2 * PIECE || bytes >= 2 * PIECE_BYTES))
                || (waiting >= 20 * PIECE || bytes >= 4 * PIECE_BYTES)
            {
                self.assemble()?;
            }
        }
        self.line_bytes += line.len();
        self.lines.push((number, line));
        Ok(())
    }

    /// Puts the lines that wait together and passes them on.
    fn assemble(&mut self) -> Result<(), Ended> {
        let mut lines = std::mem::take(&mut self.lines);
        self.line_bytes = 0;
        let mut retries = 0;
        while !lines.is_empty() {
            let (header, header_lines) = self.header(&lines);
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
                Ok(exposition) => return self.pass_on(exposition, &lines, header_lines),
                Err(error) => {
                    let place = error.line.saturating_sub(header_lines + 1).min(lines.len() - 1);
                    let (number, _) = lines.remove(place);
                    retries += 1;
                    self.sink.refuse(|| format!("line {number}: {}", error.message))?;
                    if retries >= MOST_RETRIES {
                        for (number, _) in lines.drain(..) {
                            self.sink.refuse(|| format!("line {number}: among too many malformed lines"))?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// The comments of the families that lines belong to, and how many lines they are.
    fn header(&self, lines: &[(u64, String)]) -> (String, usize) {
        let mut header = String::new();
        let mut count = 0;
        let mut last = "";
        for (_, line) in lines {
            let name = family_of(line);
            if name == last {
                continue;
            }
            last = name;
            let known = [name, base(name), name.strip_suffix("_total").unwrap_or(name)];
            let Some((told, family)) = known.iter().find_map(|known| self.families.get_key_value(*known))
            else {
                continue;
            };
            let (kind, told) = match (self.dialect, family.kind.as_str()) {
                // Some call a counter of Prometheus' text by its name without `_total`, as OpenMetrics does.
                (Dialect::Prometheus, "counter") => ("counter", name),
                (_, kind @ ("counter" | "gauge" | "histogram" | "summary")) => (kind, told.as_str()),
                (Dialect::OpenMetrics, kind @ ("gaugehistogram" | "info" | "stateset")) => {
                    (kind, told.as_str())
                }
                (Dialect::OpenMetrics, _) => ("unknown", told.as_str()),
                (Dialect::Prometheus, _) => ("untyped", told.as_str()),
            };
            header.push_str(&format!("# TYPE {told} {kind}\n"));
            count += 1;
            if !family.help.is_empty() {
                header.push_str(&format!("# HELP {told} {}\n", family.help));
                count += 1;
            }
        }
        (header, count)
    }

    fn pass_on(
        &mut self,
        exposition: Exposition,
        lines: &[(u64, String)],
        header_lines: usize,
    ) -> Result<(), Ended> {
        let number = |line: usize| lines.get(line.saturating_sub(header_lines + 1)).map_or(0, |line| line.0);
        let mut by_job: BTreeMap<String, Vec<ExposedSample>> = BTreeMap::new();
        for sample in exposition.samples {
            let is_creation_time = self.dialect == Dialect::OpenMetrics && sample.name.ends_with("_created");
            if is_creation_time {
                continue;
            }
            let time = sample.time;
            let refused = match time.map(|time| moment::plausible(time, self.now)) {
                Some(Ok(_)) => None,
                Some(Err(message)) => Some(message),
                None => Some("no time: what was when can only be told with times".to_owned()),
            };
            if let Some(message) = refused {
                let line = number(sample.line);
                self.sink.refuse(|| format!("line {line}: {message}"))?;
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
            let mut piece = Exposition {
                kinds: exposition.kinds.clone(),
                help: exposition.help.clone(),
                samples,
                ..Exposition::default()
            };
            loop {
                match prometheus::assemble(&piece, &target, self.now) {
                    Ok(assembled) => break self.sink.take_batch(assembled.batch)?,
                    Err(AssemblyError { error, .. }) => {
                        let before = piece.samples.len();
                        piece.samples.retain(|sample| sample.line != error.line);
                        let line = number(error.line);
                        self.sink.refuse(|| format!("line {line}: {}", error.message))?;
                        if piece.samples.len() == before {
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The name that a line begins with.
fn family_of(line: &str) -> &str {
    line.split(['{', ' ', '\t']).next().unwrap_or_default()
}

/// The last word of a line before its exemplar: its time, where it has one.
fn time_of(line: &str) -> Option<&str> {
    line.split(" # ").next()?.rsplit(' ').next()
}

/// The family that a part of a histogram or summary belongs to.
fn base(name: &str) -> &str {
    const SUFFIXES: [&str; 6] = ["_bucket", "_sum", "_count", "_gsum", "_gcount", "_info"];
    SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}
