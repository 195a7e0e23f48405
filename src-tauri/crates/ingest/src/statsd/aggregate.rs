//! Aggregation of the values of one interval per metric and tags.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use model::{
    HistogramPoint, MetricKind, NANOS_PER_SECOND, Sample, Scope, Series, TelemetryBatch, Temporality,
    Timestamp,
};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    line::{Kind, Line, Metric, Packed, beginning, parse},
    record,
    sketch::Sketch,
    tags::Tags,
};
use crate::{
    limits::budget::{IntakeBudget, Reservation},
    rejection::Rejection,
    timestamp,
};

/// Maximum number of series of one interval, and of gauges cached for relative changes.
const MAX_SERIES: usize = 100_000;
/// Maximum number of distinct values of one set.
const MAX_MEMBERS: usize = 100_000;
/// Maximum bytes of the names and tags of cached gauges.
const MAX_GAUGE_BYTES: usize = 8 << 20;
/// Bytes of a series of one interval, and of its records, without its texts.
const SERIES_BYTES: usize = 2 << 10;
/// Bytes of a series of measurements, whose buckets are stored with the empty ones between them.
const SKETCH_BYTES: usize = 1536;
/// Bytes of one more bucket.
const BUCKET_BYTES: usize = 48;
/// Bytes of an event, a check or a value with a timestamp, without its texts.
const RECORD_BYTES: usize = 2 << 10;
/// Bytes of a value of a set.
const MEMBER_BYTES: usize = 2 * size_of::<u64>();
/// Number of times that a text is in memory while an interval is stored.
const TEXT_COPIES: usize = 3;
/// Maximum number of events, checks and values with timestamps of one interval.
const MAX_RECORDS: usize = 50_000;

/// The identity of a series.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    kind: Kind,
    name: String,
    /// Sorted, so that the order in which a client sends them does not matter.
    tags: String,
}

impl Key {
    /// Returns the bytes of name and tags.
    fn bytes(&self) -> usize {
        self.name.len() + self.tags.len()
    }
}

#[derive(Debug)]
enum Value {
    Counter(f64),
    Gauge(f64),
    Measurements(Sketch),
    Members(HashSet<u64>),
}

/// The lines that were rejected since the last flush.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct RejectedLines {
    pub(super) count: u64,
    /// The number of them that the memory budget of the receivers left no memory for.
    pub(super) over_budget: u64,
    /// The reason of the last rejection.
    pub(super) last_reason: String,
}

/// The records of one interval, with their memory.
#[derive(Debug)]
pub(super) struct Interval {
    pub(super) batch: TelemetryBatch,
    pub(super) reservation: Reservation,
}

/// The values of the current interval.
#[derive(Debug)]
pub(super) struct Aggregate {
    /// The service of values without the tag `service`.
    service: String,
    start: Timestamp,
    values: HashMap<Key, Value>,
    /// The last value of each gauge, for changes to it.
    gauges: HashMap<Key, f64>,
    /// Bytes of the names and tags of `gauges`.
    gauge_bytes: usize,
    /// The memory of the interval.
    reservation: Reservation,
    direct: TelemetryBatch,
    rejected: RejectedLines,
}

impl Aggregate {
    pub(super) fn new(service: &str, now: Timestamp, budget: &IntakeBudget) -> Self {
        Self {
            service: service.to_owned(),
            start: now,
            values: HashMap::new(),
            gauges: HashMap::new(),
            gauge_bytes: 0,
            reservation: budget.reservation(),
            direct: TelemetryBatch::default(),
            rejected: RejectedLines::default(),
        }
    }

    /// Adds the lines of a datagram.
    pub(super) fn add(&mut self, datagram: &[u8], now: Timestamp) {
        let text = String::from_utf8_lossy(datagram);
        for line in text.split('\n').map(str::trim_end).filter(|line| !line.is_empty()) {
            let outcome = match parse(line) {
                Ok(Line::Metrics(packed)) => {
                    self.add_packed(packed, line, now);
                    Ok(())
                }
                Ok(Line::Event(event)) => self.admit_record(line).map(|()| {
                    self.direct.logs.push(record::event(&event, &self.service, now));
                }),
                Ok(Line::Check(check)) => self.admit_record(line).map(|()| {
                    let record = record::check(&check, &self.service, now);
                    let (status, time) = (record::check_status(&check, &record), record.time);
                    self.direct.add_sample(status, time, f64::from(check.status));
                    self.direct.logs.push(record);
                }),
                Err(reason) => Err(reason),
            };
            if let Err(reason) = outcome {
                self.reject(reason);
            }
        }
    }

    /// Adds the metrics of a line, and rejects the malformed ones one by one.
    fn add_packed(&mut self, packed: Packed<'_>, line: &str, now: Timestamp) {
        for metric in packed {
            let outcome = match metric {
                Ok(metric) => self.add_metric(&metric, line, now),
                Err(reason) => Err(format!("{reason}: {:?}", beginning(line))),
            };
            if let Err(reason) = outcome {
                self.reject(reason);
            }
        }
    }

    /// Counts a rejected line.
    fn reject(&mut self, reason: String) {
        self.rejected.count += 1;
        self.rejected.last_reason = reason;
    }

    /// Takes the memory of a record that a line becomes.
    fn admit_record(&mut self, line: &str) -> Result<(), String> {
        if self.direct.len() >= MAX_RECORDS {
            return Err(format!("more than {MAX_RECORDS} events within one interval"));
        }
        self.charge(RECORD_BYTES + TEXT_COPIES * line.len())
    }

    fn charge(&mut self, bytes: usize) -> Result<(), String> {
        let Err(rejection) = self.reservation.charge(bytes) else { return Ok(()) };
        self.rejected.over_budget += u64::from(rejection == Rejection::IntakeFull);
        Err(match rejection {
            Rejection::TooLarge(_) => "the values of one interval need too much memory".to_owned(),
            other => other.to_string(),
        })
    }

    fn add_metric(&mut self, metric: &Metric<'_>, line: &str, now: Timestamp) -> Result<(), String> {
        let key = Key {
            kind: metric.kind,
            name: metric.name.clone().into_owned(),
            tags: sorted(metric.all_tags()),
        };
        if let Some(seconds) = metric.timestamp.filter(|_| matches!(metric.kind, Kind::Counter | Kind::Gauge))
        {
            self.admit_record(line)?;
            let nanos = u64::try_from(seconds).unwrap_or(0).saturating_mul(NANOS_PER_SECOND as u64);
            let time = timestamp::validated(nanos, now)?;
            let series = self.direct.add_series(self.series(&key));
            for value in metric.values.split(':') {
                let value = number(value)?;
                self.direct.samples.push(Sample { series, time, start_time: None, value });
            }
            return Ok(());
        }
        if !self.values.contains_key(&key) {
            if self.values.len() >= MAX_SERIES {
                return Err(format!("more than {MAX_SERIES} series within one interval: {:?}", metric.name));
            }
            let buckets = match metric.kind {
                Kind::Timer | Kind::Histogram | Kind::Distribution => SKETCH_BYTES,
                Kind::Counter | Kind::Gauge | Kind::Set => 0,
            };
            self.charge(SERIES_BYTES + buckets + TEXT_COPIES * key.bytes())?;
        }
        if metric.kind == Kind::Set {
            self.charge(MEMBER_BYTES)?;
            let member = xxh3_64(metric.values.as_bytes());
            let is_new = match self.value(key) {
                Value::Members(members) => members.len() < MAX_MEMBERS && members.insert(member),
                _ => false,
            };
            if !is_new {
                self.reservation.release(MEMBER_BYTES);
            }
            return Ok(());
        }
        for text in metric.values.split(':') {
            let value = number(text)?;
            // In StatsD a sign means a relative change. DogStatsD sends negative values unchanged.
            let is_relative = text.starts_with(['+', '-']) && !metric.extended;
            let before = if is_relative { self.gauges.get(&key).copied().unwrap_or_default() } else { 0.0 };
            let mut new_buckets = 0;
            match self.value(key.clone()) {
                Value::Counter(total) => *total += value / metric.rate,
                Value::Gauge(current) => *current = before + value,
                Value::Measurements(sketch) => {
                    let before = sketch.buckets();
                    sketch.add(value, 1.0 / metric.rate);
                    new_buckets = sketch.buckets().saturating_sub(before);
                }
                Value::Members(_) => {}
            }
            if new_buckets > 0 {
                self.charge(new_buckets * BUCKET_BYTES)?;
            }
            if metric.kind == Kind::Gauge {
                self.cache_gauge(&key, before + value);
            }
        }
        Ok(())
    }

    /// Caches the value of a gauge for changes to it.
    fn cache_gauge(&mut self, key: &Key, value: f64) {
        if let Some(cached) = self.gauges.get_mut(key) {
            *cached = value;
        } else if self.gauges.len() < MAX_SERIES && self.gauge_bytes + key.bytes() <= MAX_GAUGE_BYTES {
            self.gauge_bytes += key.bytes();
            self.gauges.insert(key.clone(), value);
        }
    }

    fn value(&mut self, key: Key) -> &mut Value {
        let kind = key.kind;
        self.values.entry(key).or_insert_with(|| match kind {
            Kind::Counter => Value::Counter(0.0),
            Kind::Gauge => Value::Gauge(0.0),
            Kind::Timer | Kind::Histogram | Kind::Distribution => Value::Measurements(Sketch::default()),
            Kind::Set => Value::Members(HashSet::new()),
        })
    }

    /// Ends the interval at `now`. Returns its values, with their memory, and the rejected lines.
    pub(super) fn flush(&mut self, now: Timestamp) -> (Interval, RejectedLines) {
        // Samples at the same time as those of the previous interval would replace them.
        let now = if now == self.start { now.offset(NANOS_PER_SECOND / 1000) } else { now };
        let mut batch = std::mem::take(&mut self.direct);
        let start_time = Some(self.start);
        for (key, value) in std::mem::take(&mut self.values) {
            let series = batch.add_series(self.series(&key));
            let mut sample =
                |start_time, value| batch.samples.push(Sample { series, time: now, start_time, value });
            match value {
                Value::Counter(total) => sample(start_time, total),
                Value::Gauge(value) => sample(None, value),
                Value::Members(members) => sample(None, members.len() as f64),
                Value::Measurements(sketch) => {
                    batch.histograms.push(HistogramPoint { series, time: now, start_time, ..sketch.point() });
                }
            }
        }
        self.start = now;
        let next = self.reservation.budget().reservation();
        let reservation = std::mem::replace(&mut self.reservation, next);
        (Interval { batch, reservation }, std::mem::take(&mut self.rejected))
    }

    fn series(&self, key: &Key) -> Series {
        let tags = Tags(&key.tags);
        let (kind, temporality) = match key.kind {
            Kind::Counter => (MetricKind::Counter, Temporality::Delta),
            Kind::Gauge | Kind::Set => (MetricKind::Gauge, Temporality::Unspecified),
            Kind::Timer | Kind::Histogram | Kind::Distribution => {
                (MetricKind::ExponentialHistogram, Temporality::Delta)
            }
        };
        Series {
            name: key.name.clone(),
            kind,
            unit: if key.kind == Kind::Timer { "ms".to_owned() } else { String::new() },
            description: String::new(),
            temporality,
            // A client can count down.
            monotonic: false,
            resource: tags.resource(&self.service, &key.name),
            scope: Arc::new(Scope { name: "statsd".to_owned(), version: String::new() }),
            attributes: tags.attributes(),
        }
    }
}

fn sorted<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let by_key: BTreeMap<&str, &str> = tags.collect();
    let written = by_key.into_iter().map(|(key, value)| format!("{key}:{value}"));
    written.collect::<Vec<_>>().join(",")
}

fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(|| {
        let shown = &text[..text.floor_char_boundary(40)];
        format!("a value is not a finite number: {shown:?}")
    })
}

#[cfg(test)]
mod tests {
    use model::{Buckets, Severity};

    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000 * NANOS_PER_SECOND);

    fn flushed(lines: &str) -> (TelemetryBatch, RejectedLines) {
        let mut aggregate = Aggregate::new("", NOW, &IntakeBudget::default());
        aggregate.add(lines.as_bytes(), NOW);
        let (interval, rejected) = aggregate.flush(NOW.offset(10 * NANOS_PER_SECOND));
        (interval.batch, rejected)
    }

    fn value(batch: &TelemetryBatch, name: &str) -> f64 {
        let id = batch.series.iter().find(|(_, series)| series.name == name).unwrap().0;
        batch.samples.iter().find(|sample| sample.series == id).unwrap().value
    }

    #[test]
    fn counters_add_up_and_samples_are_scaled() {
        let (batch, rejected) = flushed("a.b:1|c\na.b:2:3|c\na.b:1|c|@0.1\na.b:-4|c\n");
        assert_eq!(
            (value(&batch, "a.b"), batch.samples.len(), rejected),
            (12.0, 1, RejectedLines::default())
        );
        let series = &batch.series[0].1;
        assert_eq!((series.kind, series.temporality), (MetricKind::Counter, Temporality::Delta));
        assert_eq!(series.resource.service(), "a");
        assert_eq!(batch.samples[0].start_time, Some(NOW));
    }

    #[test]
    fn packed_metrics_are_counted_and_rejected_one_by_one() {
        let (batch, rejected) = flushed("x.a:1|c:2|c|@0.5:many|c:4|q:3|c\nx.t:10|ms|@0.25:30|ms");
        assert_eq!(value(&batch, "x.a"), 8.0);
        assert_eq!(rejected.count, 2);
        assert!(rejected.last_reason.starts_with("a metric has an unknown type"), "{}", rejected.last_reason);
        assert_eq!((batch.histograms[0].count, batch.histograms[0].sum), (5, Some(70.0)));
    }

    #[test]
    fn gauges_hold_the_last_value_and_apply_changes_over_intervals() {
        let mut aggregate = Aggregate::new("app", NOW, &IntakeBudget::default());
        aggregate.add(b"depth:10|g\ndepth:+5|g\ndepth:-3|g\ncold:-7|g|#room:a", NOW);
        let batch = aggregate.flush(NOW).0.batch;
        assert_eq!((value(&batch, "depth"), value(&batch, "cold")), (12.0, -7.0));
        aggregate.add(b"depth:-2|g", NOW);
        assert_eq!(value(&aggregate.flush(NOW).0.batch, "depth"), 10.0);
        // A gauge that was not sent is not repeated.
        assert!(aggregate.flush(NOW).0.batch.is_empty());
    }

    #[test]
    fn measurements_become_histograms_and_sets_are_counted() {
        let (batch, _) = flushed("t:320|ms\nt:80|ms|@0.5\nd:1:2:3|d\nu:eve|s\nu:bob|s\nu:eve|s");
        assert_eq!(value(&batch, "u"), 2.0);
        let timer = batch.series.iter().find(|(_, series)| series.name == "t").unwrap();
        assert_eq!((timer.1.unit.as_str(), timer.1.kind), ("ms", MetricKind::ExponentialHistogram));
        let point = batch.histograms.iter().find(|point| point.series == timer.0).unwrap();
        assert_eq!((point.count, point.sum, point.max), (3, Some(480.0), Some(320.0)));
        assert!(matches!(point.buckets, Buckets::Exponential { .. }));
    }

    #[test]
    fn tags_in_any_order_are_one_series_and_name_the_service() {
        let (batch, _) = flushed("x:1|c|#b:2,a:1,service:cart\nx:1|c|#a:1,service:cart,b:2|c:42");
        assert_eq!((batch.series.len(), value(&batch, "x")), (1, 2.0));
        let series = &batch.series[0].1;
        assert_eq!(
            (series.resource.service(), series.attributes.to_json().as_str()),
            ("cart", r#"{"a":"1","b":"2"}"#)
        );
    }

    #[test]
    fn values_with_timestamps_are_not_aggregated() {
        let (batch, rejected) = flushed("x:4|c|T1789999000\nx:6|c|T1789999001\ng:1|g|T5");
        assert_eq!(batch.samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [4.0, 6.0]);
        assert_eq!(batch.samples[0].time, Timestamp(1_789_999_000 * NANOS_PER_SECOND));
        assert_eq!(rejected.count, 1);
    }

    #[test]
    fn events_become_records_and_malformed_lines_are_counted() {
        let (batch, rejected) = flushed(
            "_e{5,2}:Outch|ok|t:error|#env:x\n_sc|redis|2|m:gone\nbroken\nx:NaN|g\nx:1e999|c\n\n\n\u{1}",
        );
        assert_eq!(batch.logs.len(), 2);
        assert_eq!(batch.logs[0].severity, Severity::ERROR);
        assert_eq!(batch.logs[1].body, "redis is critical: gone");
        assert_eq!(rejected.count, 4);
        assert_eq!((batch.samples.len(), value(&batch, "dogstatsd.service_check")), (1, 2.0));
        let status = &batch.series[0].1;
        assert_eq!((status.kind, status.attributes.text("check")), (MetricKind::Gauge, Some("redis")));
    }

    #[test]
    fn an_interval_never_replaces_the_one_before() {
        let mut aggregate = Aggregate::new("", NOW, &IntakeBudget::default());
        let mut times = Vec::new();
        for end in [5, 5, 3] {
            aggregate.add(b"x:1|c", NOW);
            times.extend(
                aggregate.flush(NOW.offset(end)).0.batch.samples.iter().map(|sample| sample.time.since(NOW)),
            );
        }
        assert_eq!(times, [5, 1_000_005, 3], "a clock that was set back is accepted");
    }

    #[test]
    fn exploding_tags_are_bounded() {
        let budget = IntakeBudget::default();
        let mut aggregate = Aggregate::new("", NOW, &budget);
        for index in 0..MAX_SERIES {
            aggregate.add(format!("x:1|c|#i:{index}").as_bytes(), NOW);
        }
        let (interval, rejected) = aggregate.flush(NOW);
        let series = interval.batch.samples.len();
        assert!((20_000..40_000).contains(&series), "64 MiB of series: {series}");
        assert_eq!(rejected.count, (MAX_SERIES - series) as u64);
        assert!(rejected.last_reason.contains("memory"), "{}", rejected.last_reason);
        assert_eq!(rejected.over_budget, 0, "its own limit was reached");
        drop((interval, aggregate));
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn lines_that_others_leave_no_memory_for_are_counted() {
        let budget = IntakeBudget::default();
        budget.set_limit(1 << 20);
        let mut others = [budget.reservation(), budget.reservation()];
        others.iter_mut().for_each(|other| other.charge(512 << 10).unwrap());
        let mut aggregate = Aggregate::new("", NOW, &budget);
        aggregate.add(b"x:1|c\ny:1|c", NOW);
        let (_, rejected) = aggregate.flush(NOW);
        assert_eq!((rejected.count, rejected.over_budget), (2, 2));
    }

    #[test]
    fn long_tags_are_bounded() {
        let budget = IntakeBudget::default();
        budget.set_limit(16 << 20);
        let mut aggregate = Aggregate::new("", NOW, &budget);
        for index in 0..200 {
            aggregate.add(format!("x:1|g|#tag:{}{index}", "x".repeat(60_000)).as_bytes(), NOW);
        }
        let bytes: usize = aggregate.values.keys().map(Key::bytes).sum();
        assert!((1 << 20..8 << 20).contains(&bytes), "{bytes}");
        assert!(aggregate.gauges.keys().map(Key::bytes).sum::<usize>() <= MAX_GAUGE_BYTES);
        assert!(aggregate.rejected.count > 0);
    }
}
