//! Conversion of a message to a batch. A cached series costs a hash and a lookup.

use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
};

use model::{
    AttributeValue, Attributes, Buckets, Exemplar, HistogramPoint, IdentityHash, NANOS_PER_SECOND, Resource,
    Sample, Series, SeriesId, SpanId, TelemetryBatch, Timestamp, TraceId,
};
use parking_lot::RwLockReadGuard;
use prometheus::FamilyKind;
use store::Accepted;

use super::{
    descriptor::{FamilyMetadata, PointType, describe, name_of},
    lists::Lists,
    message::{read_first, read_metadata, read_second},
    native::NativeMessage,
    series_cache::{LabelHash, SeriesCache},
    wire_series::{Label, WireExemplar, WireMetadata, WireSeries},
};
use crate::{
    limits::budget::Reservation, otlp::attributes::MAX_ATTRIBUTES, problems::Problems, rejection::Rejection,
    timestamp,
};

/// Maximum number of points of one request.
const MAX_POINTS: usize = 2_000_000;
/// Bytes of a sample in a list that grows by doubling.
const POINT_BYTES: usize = 2 * size_of::<Sample>();
/// Bytes of a label of a new series, without its text.
const LABEL_BYTES: usize = 2 * size_of::<(String, AttributeValue)>();
/// Bytes of a new series and its places in the maps, without its texts: its attributes and those of
/// its resource are maps, whose nodes have eleven places.
const SERIES_BYTES: usize =
    2 * size_of::<Series>() + size_of::<Resource>() + 22 * size_of::<(String, AttributeValue)>();
/// Number of metadata lookups that cost as much as describing one series.
const METADATA_PER_SERIES: usize = 16;

/// The message type of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// `prometheus.WriteRequest`.
    First,
    /// `io.prometheus.write.v2.Request`.
    Second,
}

/// Numbers of written points by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) samples: u64,
    pub(super) histograms: u64,
    pub(super) exemplars: u64,
}

/// The outcome of converting one request.
#[derive(Debug, Default)]
pub(super) struct Converted {
    pub(super) batch: TelemetryBatch,
    pub(super) written: Written,
    /// Series to cache once the batch is committed.
    pub(super) fresh: Vec<(LabelHash, SeriesId)>,
    /// The generation of the cache when they were looked up.
    pub(super) generation: u64,
    /// Number of rejected points.
    pub(super) rejected: u64,
    /// Name of the first histogram whose fractional counts were rounded.
    pub(super) rounded: Option<String>,
    problems: Problems,
}

impl Converted {
    fn reject(&mut self, points: usize, position: &dyn Display, reason: &dyn Display) {
        self.rejected += points.max(1) as u64;
        self.problems.add(position, reason);
    }

    /// Counts points that the store dropped.
    pub(super) fn add_dropped(&mut self, accepted: &Accepted) {
        let samples = accepted.dropped.min(self.written.samples);
        self.written.samples -= samples;
        self.written.histograms = self.written.histograms.saturating_sub(accepted.dropped - samples);
        self.rejected += accepted.dropped;
        self.problems.extend(accepted.reasons.iter().map(ToString::to_string));
    }

    /// Returns a description of the rejected points; empty if there are none.
    pub(super) fn message(&self) -> String {
        if self.rejected == 0 {
            return String::new();
        }
        format!("{} points rejected: {}", self.rejected, self.problems)
    }
}

/// The reason why a conversion ended early.
#[derive(Debug)]
pub(super) enum Halt {
    /// The message is malformed or exceeds a limit.
    Rejected(Rejection),
    /// The message holds more uncached series than allowed.
    TooManyNew,
}

impl From<Rejection> for Halt {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Converts a message that arrived at `now`. Blocking.
///
/// The memory of its records is taken from `reservation`. Fails with [`Halt::TooManyNew`] if it has
/// more than `max_new` series that are not cached.
pub(super) fn convert(
    message: &[u8],
    version: Version,
    cache: &SeriesCache,
    reservation: &mut Reservation,
    now: Timestamp,
    max_new: usize,
) -> Result<Converted, Halt> {
    let mut lists = Lists::new(reservation.budget().reservation());
    if version == Version::First {
        // Metadata apply to the samples of the same message.
        let metadata = read_metadata(message, &mut lists)?;
        if metadata.len() > max_new.saturating_mul(METADATA_PER_SERIES)
            || (max_new < usize::MAX && !cache.contains_metadata(&metadata))
        {
            return Err(Halt::TooManyNew);
        }
        cache.add_metadata(&metadata);
    }
    let generation = cache.generation();
    let mut converter = Converter {
        cache,
        series: cache.series(),
        fresh: HashMap::default(),
        described: HashSet::new(),
        stored: HashMap::new(),
        done: Converted::default(),
        scratch: Vec::new(),
        now,
        remaining_new: max_new,
        reservation,
    };
    let take = |series: &WireSeries<'_>| converter.take(series);
    match version {
        Version::First => read_first(message, lists, take)?,
        Version::Second => read_second(message, lists, take)?,
    }
    let mut done = converter.done;
    done.generation = generation;
    done.fresh = converter.fresh.into_iter().collect();
    Ok(done)
}

/// The conversion of one message.
struct Converter<'a> {
    cache: &'a SeriesCache,
    series: RwLockReadGuard<'a, HashMap<LabelHash, SeriesId, IdentityHash>>,
    fresh: HashMap<LabelHash, SeriesId, IdentityHash>,
    described: HashSet<SeriesId>,
    /// Stored metadata by metric name, looked up once per request.
    stored: HashMap<String, Option<FamilyMetadata>>,
    done: Converted,
    scratch: Vec<u8>,
    now: Timestamp,
    /// Number of uncached series that the message may still have.
    remaining_new: usize,
    /// The memory of the records.
    reservation: &'a mut Reservation,
}

impl Converter<'_> {
    fn take(&mut self, series: &WireSeries<'_>) -> Result<(), Halt> {
        let points = series.samples.len() + series.histograms.len();
        if self.done.batch.len() + points + series.exemplars.len() > MAX_POINTS {
            return Err(Halt::Rejected(Rejection::TooLarge(format!(
                "the request holds more than {MAX_POINTS} points, send smaller batches"
            ))));
        }
        self.reservation
            .charge(POINT_BYTES * series.samples.len() + size_of::<Exemplar>() * series.exemplars.len())?;
        if let Some(problem) = series.problem {
            self.done.reject(points + series.exemplars.len(), &position(series), &problem);
            return Ok(());
        }
        let mut carrier = None;
        // A series that has only exemplars is a series of numbers.
        if !series.samples.is_empty() || series.histograms.is_empty() {
            match self.find(series, PointType::Numbers)? {
                Ok(id) => {
                    carrier = Some(id);
                    self.samples(series, id);
                }
                Err(reason) => {
                    self.done.reject(points + series.exemplars.len(), &position(series), &reason);
                    return Ok(());
                }
            }
        }
        for message in &series.histograms {
            match self.histogram(series, message)? {
                Ok(id) => carrier = carrier.or(Some(id)),
                Err(reason) => self.done.reject(1, &position(series), &reason),
            }
        }
        for exemplar in &series.exemplars {
            let texts = exemplar.labels.iter().map(|(name, value)| LABEL_BYTES + name.len() + value.len());
            self.reservation.charge(texts.sum())?;
            match carrier
                .ok_or("the series has no point".to_owned())
                .and_then(|id| self.exemplar(id, exemplar))
            {
                Ok(exemplar) => {
                    self.done.batch.exemplars.push(exemplar);
                    self.done.written.exemplars += 1;
                }
                Err(reason) => self.done.reject(1, &position(series), &format_args!("exemplar: {reason}")),
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
                Err(reason) => self.done.reject(1, &position(series), &reason),
            }
        }
    }

    fn histogram(
        &mut self,
        series: &WireSeries<'_>,
        message: &[u8],
    ) -> Result<Result<SeriesId, String>, Halt> {
        let (point_type, point) = match self.read_histogram(series, message) {
            Ok(read) => read,
            Err(reason) => return Ok(Err(reason)),
        };
        self.reservation.charge(2 * size_of::<HistogramPoint>() + bucket_bytes(&point.buckets))?;
        let found = self.find(series, point_type)?;
        if let Ok(series) = found {
            self.done.batch.histograms.push(HistogramPoint { series, ..point });
            self.done.written.histograms += 1;
        }
        Ok(found)
    }

    /// Reads a point without its series.
    fn read_histogram(
        &mut self,
        series: &WireSeries<'_>,
        message: &[u8],
    ) -> Result<(PointType, HistogramPoint), String> {
        let native = NativeMessage::read(message).map_err(|error| format!("histogram: {error}"))?;
        let time = time(native.timestamp, self.now)?;
        let start =
            if native.start_timestamp == 0 { series.created_timestamp } else { native.start_timestamp };
        if native.histogram.has_fractions() && self.done.rounded.is_none() {
            self.done.rounded = Some(name_of(&series.labels().unwrap_or_default()).to_owned());
        }
        let point_type =
            PointType::Native { custom: native.histogram.has_custom_bounds(), gauge: native.is_gauge() };
        let point = native.point().map_err(|error| error.to_string())?;
        Ok((point_type, HistogramPoint { time, start_time: optional_time(start), ..point }))
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

    /// Returns the id of a series, or the reason why it is rejected.
    ///
    /// A series that is not cached is described in the batch.
    fn find(
        &mut self,
        series: &WireSeries<'_>,
        point_type: PointType,
    ) -> Result<Result<SeriesId, String>, Halt> {
        let hash = self.hash(series, point_type);
        if let Some(id) = self.series.get(&hash).or_else(|| self.fresh.get(&hash)) {
            return Ok(Ok(*id));
        }
        self.remaining_new = self.remaining_new.checked_sub(1).ok_or(Halt::TooManyNew)?;
        let labels = series.labels()?;
        let texts = labels.iter().map(|(name, value)| LABEL_BYTES + name.len() + value.len());
        let metadata = series.metadata.help.len() + series.metadata.unit.len();
        self.reservation.charge(SERIES_BYTES + metadata + texts.sum::<usize>())?;
        Ok(self.describe(hash, &labels, &series.metadata, point_type))
    }

    /// Adds the descriptor of a series to the batch and returns its id.
    fn describe(
        &mut self,
        hash: LabelHash,
        labels: &[Label<'_>],
        metadata: &WireMetadata<'_>,
        point_type: PointType,
    ) -> Result<SeriesId, String> {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut known = if *metadata == WireMetadata::default() {
            self.cache.metadata(name_of(labels))
        } else {
            Some(FamilyMetadata {
                kind: FamilyKind::from_number(metadata.kind),
                help: text(metadata.help),
                unit: text(metadata.unit),
            })
        };
        if known.as_ref().is_none_or(|known| known.kind == FamilyKind::Unknown) {
            // Senders repeat metadata rarely: until then the series has the stored kind.
            let name = name_of(labels);
            let stored = match self.stored.get(name) {
                Some(stored) => stored,
                None => {
                    self.stored.entry(name.to_owned()).or_insert_with(|| self.cache.stored_metadata(name))
                }
            };
            if let Some(stored) = stored {
                let known = known.get_or_insert_default();
                known.kind = stored.kind;
                if known.unit.is_empty() {
                    known.unit.clone_from(&stored.unit);
                }
            }
        }
        let descriptor = describe(labels, point_type, known.as_ref())?;
        let id = descriptor.id();
        if self.described.insert(id) {
            self.done.batch.series.push((id, descriptor));
        }
        self.fresh.insert(hash, id);
        Ok(id)
    }

    fn hash(&mut self, series: &WireSeries<'_>, point_type: PointType) -> LabelHash {
        let point_type = match point_type {
            PointType::Numbers => 0,
            PointType::Native { custom, gauge } => 1 + u64::from(custom) + 2 * u64::from(gauge),
        };
        let seed = point_type << 8 | (series.metadata.kind & 0xff);
        series.hash(&mut self.scratch, seed)
    }
}

/// Returns the memory of a point's buckets.
fn bucket_bytes(buckets: &Buckets) -> usize {
    size_of::<u64>()
        * match buckets {
            Buckets::Explicit { bounds, counts } => bounds.capacity() + counts.capacity(),
            Buckets::Exponential { positive, negative, .. } => positive.capacity() + negative.capacity(),
            Buckets::Quantiles(quantiles) => 2 * quantiles.capacity(),
        }
}

/// Returns the name of a series for messages.
fn position(series: &WireSeries<'_>) -> impl Display {
    let labels = series.labels().unwrap_or_default();
    let name = name_of(&labels);
    if name.is_empty() { "a series without a name".to_owned() } else { format!("{name:?}") }
}

fn time(millis: i64, now: Timestamp) -> Result<Timestamp, String> {
    let nanos = u64::try_from(millis).unwrap_or(0).saturating_mul(NANOS_PER_SECOND as u64 / 1000);
    timestamp::validated(nanos, now)
}

fn optional_time(millis: i64) -> Option<Timestamp> {
    (millis > 0).then(|| Timestamp(millis.saturating_mul(NANOS_PER_SECOND / 1000)))
}
