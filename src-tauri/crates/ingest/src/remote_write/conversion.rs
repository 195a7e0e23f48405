//! From a message to a batch. Series that are known cost a hash and a look-up.

use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    sync::RwLockReadGuard,
};

use model::{
    Attributes, Exemplar, HistogramPoint, NANOS_PER_SECOND, Sample, SeriesId, SpanId, TelemetryBatch,
    Timestamp, TraceId, Unhashed, prometheus::FamilyKind,
};
use store::Accepted;

use super::{
    descriptor::{Content, Told, describe, name_of},
    known::{Known, LabelHash},
    message::{Label, WireExemplar, WireMetadata, WireSeries, read_first, read_metadata, read_second},
    native::Native,
};
use crate::{attributes::MAX_ATTRIBUTES, clock, refusal::Refusal};

/// How many points one request may have.
const MOST_POINTS: usize = 2_000_000;
/// What is told of a metric costs as much less to look up than it costs to describe a series.
const METADATA_PER_SERIES: usize = 16;
/// How many problems are told in words; the rest is only counted.
const TOLD_PROBLEMS: usize = 5;

/// Which message a request holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// `prometheus.WriteRequest`.
    First,
    /// `io.prometheus.write.v2.Request`.
    Second,
}

/// Points by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) samples: u64,
    pub(crate) histograms: u64,
    pub(crate) exemplars: u64,
}

/// What one request amounts to.
#[derive(Debug, Default)]
pub(crate) struct Converted {
    pub(crate) batch: TelemetryBatch,
    pub(crate) written: Written,
    /// Series that become known once the batch is committed.
    pub(crate) fresh: Vec<(LabelHash, SeriesId)>,
    /// What was known when they were found.
    pub(crate) generation: u64,
    /// Points that were refused.
    pub(crate) rejected: u64,
    /// Name of the first histogram whose counts are fractions, which are rounded.
    pub(crate) rounded: Option<String>,
    problems: Vec<String>,
    untold: u64,
}

impl Converted {
    fn reject(&mut self, points: usize, place: &dyn Display, reason: &dyn Display) {
        self.rejected += points.max(1) as u64;
        if self.problems.len() < TOLD_PROBLEMS {
            self.problems.push(format!("{place}: {reason}"));
        } else {
            self.untold += 1;
        }
    }

    /// Takes note of points that the store did not keep.
    pub(crate) fn hold_back(&mut self, accepted: &Accepted) {
        let samples = accepted.held_back.min(self.written.samples);
        self.written.samples -= samples;
        self.written.histograms = self.written.histograms.saturating_sub(accepted.held_back - samples);
        self.rejected += accepted.held_back;
        self.problems.extend(accepted.reasons.iter().take(TOLD_PROBLEMS).map(ToString::to_string));
    }

    /// What is told of the refused points; empty if there are none.
    pub(crate) fn message(&self) -> String {
        if self.rejected == 0 {
            return String::new();
        }
        let mut message = format!("{} points were refused: {}", self.rejected, self.problems.join("; "));
        if self.untold > 0 {
            message.push_str(&format!("; and {} more", self.untold));
        }
        message
    }
}

/// Why a conversion ends early.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The message makes no sense or is beyond a limit.
    Refused(Refusal),
    /// It holds more that is new than it may.
    MuchNew,
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Converts a message at the time `now`, as long as it has no more than `most_new` series that are not known. Blocking
/// for as long as that takes.
pub(crate) fn convert(
    message: &[u8],
    version: Version,
    known: &Known,
    now: Timestamp,
    most_new: usize,
) -> Result<Converted, Halt> {
    if version == Version::First {
        // They hold for the samples of the very message.
        let metadata = read_metadata(message)?;
        if metadata.len() > most_new.saturating_mul(METADATA_PER_SERIES)
            || (most_new < usize::MAX && !known.is_told(&metadata))
        {
            return Err(Halt::MuchNew);
        }
        known.tell(&metadata);
    }
    let generation = known.generation();
    let mut converter = Converter {
        known,
        series: known.series(),
        fresh: HashMap::default(),
        described: HashSet::new(),
        stored: HashMap::new(),
        done: Converted::default(),
        scratch: Vec::new(),
        now,
        left_new: most_new,
    };
    let take = |series: &WireSeries<'_>| converter.take(series);
    match version {
        Version::First => read_first(message, take)?,
        Version::Second => read_second(message, take)?,
    }
    let mut done = converter.done;
    done.generation = generation;
    done.fresh = converter.fresh.into_iter().collect();
    Ok(done)
}

struct Converter<'a> {
    known: &'a Known,
    series: RwLockReadGuard<'a, HashMap<LabelHash, SeriesId, Unhashed>>,
    fresh: HashMap<LabelHash, SeriesId, Unhashed>,
    described: HashSet<SeriesId>,
    /// What is stored of metrics against their names, looked up once a request.
    stored: HashMap<String, Option<Told>>,
    done: Converted,
    scratch: Vec<u8>,
    now: Timestamp,
    /// How many more series may be new.
    left_new: usize,
}

impl Converter<'_> {
    fn take(&mut self, series: &WireSeries<'_>) -> Result<(), Halt> {
        let points = series.samples.len() + series.histograms.len();
        if self.done.batch.len() + points + series.exemplars.len() > MOST_POINTS {
            return Err(Halt::Refused(Refusal::TooLarge(format!(
                "the request holds more than {MOST_POINTS} points, send smaller batches"
            ))));
        }
        if let Some(problem) = series.problem {
            self.done.reject(points + series.exemplars.len(), &place(series), &problem);
            return Ok(());
        }
        let mut carrier = None;
        // A series of exemplars alone is one of numbers.
        if !series.samples.is_empty() || series.histograms.is_empty() {
            match self.find(series, Content::Numbers)? {
                Ok(id) => {
                    carrier = Some(id);
                    self.samples(series, id);
                }
                Err(reason) => {
                    self.done.reject(points + series.exemplars.len(), &place(series), &reason);
                    return Ok(());
                }
            }
        }
        for message in &series.histograms {
            match self.histogram(series, message)? {
                Ok(id) => carrier = carrier.or(Some(id)),
                Err(reason) => self.done.reject(1, &place(series), &reason),
            }
        }
        for exemplar in &series.exemplars {
            match carrier
                .ok_or("there is no point it belongs to".to_owned())
                .and_then(|id| self.exemplar(id, exemplar))
            {
                Ok(exemplar) => {
                    self.done.batch.exemplars.push(exemplar);
                    self.done.written.exemplars += 1;
                }
                Err(reason) => self.done.reject(1, &place(series), &format_args!("exemplar: {reason}")),
            }
        }
        Ok(())
    }

    fn samples(&mut self, series: &WireSeries<'_>, id: SeriesId) {
        for sample in &series.samples {
            let start =
                if sample.start_timestamp == 0 { series.created_timestamp } else { sample.start_timestamp };
            match time(sample.timestamp, self.now) {
                Ok(time) => {
                    let start_time = optional_time(start);
                    let value = sample.value;
                    self.done.batch.samples.push(Sample { series: id, time, start_time, value });
                    self.done.written.samples += 1;
                }
                Err(reason) => self.done.reject(1, &place(series), &reason),
            }
        }
    }

    fn histogram(
        &mut self,
        series: &WireSeries<'_>,
        message: &[u8],
    ) -> Result<Result<SeriesId, String>, Halt> {
        let (content, point) = match self.read_histogram(series, message) {
            Ok(read) => read,
            Err(reason) => return Ok(Err(reason)),
        };
        let found = self.find(series, content)?;
        if let Ok(series) = found {
            self.done.batch.histograms.push(HistogramPoint { series, ..point });
            self.done.written.histograms += 1;
        }
        Ok(found)
    }

    /// A point whose series is still to be found.
    fn read_histogram(
        &mut self,
        series: &WireSeries<'_>,
        message: &[u8],
    ) -> Result<(Content, HistogramPoint), String> {
        let native = Native::read(message).map_err(|broken| format!("histogram: {broken}"))?;
        let time = time(native.timestamp, self.now)?;
        let start =
            if native.start_timestamp == 0 { series.created_timestamp } else { native.start_timestamp };
        if native.is_fractional() && self.done.rounded.is_none() {
            self.done.rounded = Some(name_of(&series.labels().unwrap_or_default()).to_owned());
        }
        let content = Content::Native { custom: native.is_custom(), gauge: native.is_gauge() };
        Ok((content, HistogramPoint { time, start_time: optional_time(start), ..native.point()? }))
    }

    fn exemplar(&self, series: SeriesId, exemplar: &WireExemplar<'_>) -> Result<Exemplar, String> {
        if exemplar.labels.len() > MAX_ATTRIBUTES {
            return Err("has too many labels".to_owned());
        }
        let time = time(exemplar.timestamp, self.now)?;
        let mut converted = Exemplar {
            series,
            time,
            value: exemplar.value,
            trace_id: None,
            span_id: None,
            attributes: Attributes::new(),
        };
        for (name, value) in &exemplar.labels {
            let text = |bytes| std::str::from_utf8(bytes).map_err(|_| "a label is not UTF-8".to_owned());
            let (name, value) = (text(name)?, text(value)?);
            match name {
                "trace_id" | "traceID" if value.parse::<TraceId>().is_ok() => {
                    converted.trace_id = value.parse().ok();
                }
                "span_id" | "spanID" if value.parse::<SpanId>().is_ok() => {
                    converted.span_id = value.parse().ok();
                }
                _ => converted.attributes = converted.attributes.with(name, value),
            }
        }
        Ok(converted)
    }

    /// The number of a series, or why it has none. One that is not known is described in the batch.
    fn find(&mut self, series: &WireSeries<'_>, content: Content) -> Result<Result<SeriesId, String>, Halt> {
        let hash = self.hash(series, content);
        if let Some(id) = self.series.get(&hash).or_else(|| self.fresh.get(&hash)) {
            return Ok(Ok(*id));
        }
        self.left_new = self.left_new.checked_sub(1).ok_or(Halt::MuchNew)?;
        Ok(self.describe(hash, &series.labels()?, &series.metadata, content))
    }

    fn describe(
        &mut self,
        hash: LabelHash,
        labels: &[Label<'_>],
        metadata: &WireMetadata<'_>,
        content: Content,
    ) -> Result<SeriesId, String> {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut told = if *metadata == WireMetadata::default() {
            self.known.told(name_of(labels))
        } else {
            Some(Told {
                kind: FamilyKind::of_number(metadata.kind),
                help: text(metadata.help),
                unit: text(metadata.unit),
            })
        };
        if told.as_ref().is_none_or(|told| told.kind == FamilyKind::Unknown) {
            // Metadata come now and then only: after a start the series goes on as what it was.
            let name = name_of(labels);
            let stored = match self.stored.get(name) {
                Some(stored) => stored,
                None => self.stored.entry(name.to_owned()).or_insert_with(|| self.known.stored(name)),
            };
            if let Some(stored) = stored {
                let told = told.get_or_insert_default();
                told.kind = stored.kind;
                if told.unit.is_empty() {
                    told.unit.clone_from(&stored.unit);
                }
            }
        }
        let descriptor = describe(labels, content, told.as_ref())?;
        let id = descriptor.id();
        if self.described.insert(id) {
            self.done.batch.series.push((id, descriptor));
        }
        self.fresh.insert(hash, id);
        Ok(id)
    }

    fn hash(&mut self, series: &WireSeries<'_>, content: Content) -> LabelHash {
        let content = match content {
            Content::Numbers => 0,
            Content::Native { custom, gauge } => 1 + u64::from(custom) + 2 * u64::from(gauge),
        };
        let seed = content << 8 | (series.metadata.kind & 0xff);
        series.hash(&mut self.scratch, seed)
    }
}

/// A series as messages name it.
fn place(series: &WireSeries<'_>) -> impl Display {
    let labels = series.labels().unwrap_or_default();
    let name = name_of(&labels);
    if name.is_empty() { "a series without a name".to_owned() } else { format!("{name:?}") }
}

fn time(millis: i64, now: Timestamp) -> Result<Timestamp, String> {
    let nanos = u64::try_from(millis).unwrap_or(0).saturating_mul(NANOS_PER_SECOND as u64 / 1000);
    clock::believable(nanos, now)
}

fn optional_time(millis: i64) -> Option<Timestamp> {
    (millis > 0).then(|| Timestamp(millis.saturating_mul(NANOS_PER_SECOND / 1000)))
}
