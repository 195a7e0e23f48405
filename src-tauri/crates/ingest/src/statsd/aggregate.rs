//! What came within one interval, put together per metric and tags, and made a batch at its end.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use model::{
    Attributes, HistogramPoint, MetricKind, NANOS_PER_SECOND, Resource, Sample, Scope, Series,
    TelemetryBatch, Temporality, Timestamp,
};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    line::{Kind, Line, Metric, Tags, parse},
    record,
    sketch::Sketch,
};
use crate::{attributes::MAX_VALUE_BYTES, clock};

/// How many series one interval may have, and how many gauges are remembered for changes to come.
const MOST_SERIES: usize = 100_000;
/// How many different values of one set are counted.
const MOST_MEMBERS: usize = 100_000;
/// How many events, checks and values with times of their own one interval may have.
const MOST_RECORDS: usize = 50_000;

/// Which series a value belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    kind: Kind,
    name: String,
    /// In order, so that the order in which a client sends them does not matter.
    tags: String,
}

#[derive(Debug)]
enum Value {
    Counter(f64),
    Gauge(f64),
    Measurements(Sketch),
    Members(HashSet<u64>),
}

/// What was not taken since the last flush.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) lines: u64,
    /// What was wrong with the last of them.
    pub(crate) last: String,
}

/// What came within the interval that is under way.
#[derive(Debug)]
pub(crate) struct Aggregate {
    /// The service of everything that does not name one; the first part of a metric's name if empty.
    service: String,
    began: Timestamp,
    values: HashMap<Key, Value>,
    /// The last value of each gauge, for changes to it.
    gauges: HashMap<Key, f64>,
    direct: TelemetryBatch,
    refused: Refused,
}

impl Aggregate {
    pub(crate) fn new(service: &str, now: Timestamp) -> Self {
        Self {
            service: service.to_owned(),
            began: now,
            values: HashMap::new(),
            gauges: HashMap::new(),
            direct: TelemetryBatch::default(),
            refused: Refused::default(),
        }
    }

    /// Takes a datagram, which may hold several lines.
    pub(crate) fn take(&mut self, datagram: &[u8], now: Timestamp) {
        let text = String::from_utf8_lossy(datagram);
        for line in text.split('\n').map(str::trim_end).filter(|line| !line.is_empty()) {
            let taken = match parse(line) {
                Ok(Line::Metric(metric)) => self.metric(&metric, now),
                Ok(Line::Event(event)) => self.room().map(|()| {
                    self.direct.logs.push(record::of_event(&event, &self.service, now));
                }),
                Ok(Line::Check(check)) => self.room().map(|()| {
                    let record = record::of_check(&check, &self.service, now);
                    let (status, time) = (record::status_of_check(&check, &record), record.time);
                    self.direct.add_sample(status, time, f64::from(check.status));
                    self.direct.logs.push(record);
                }),
                Err(reason) => Err(reason),
            };
            if let Err(reason) = taken {
                self.refuse(reason);
            }
        }
    }

    /// Counts a line that could not be taken.
    pub(crate) fn refuse(&mut self, reason: String) {
        self.refused.lines += 1;
        self.refused.last = reason;
    }

    fn room(&self) -> Result<(), String> {
        if self.direct.len() >= MOST_RECORDS {
            return Err(format!("more than {MOST_RECORDS} events within one interval"));
        }
        Ok(())
    }

    fn metric(&mut self, metric: &Metric<'_>, now: Timestamp) -> Result<(), String> {
        let key = Key { kind: metric.kind, name: metric.name.to_owned(), tags: in_order(metric.all_tags()) };
        if let Some(seconds) = metric.timestamp.filter(|_| matches!(metric.kind, Kind::Counter | Kind::Gauge))
        {
            self.room()?;
            let nanos = u64::try_from(seconds).unwrap_or(0).saturating_mul(NANOS_PER_SECOND as u64);
            let time = clock::believable(nanos, now)?;
            let series = self.direct.add_series(self.series(&key));
            for value in metric.values.split(':') {
                let value = number(value)?;
                self.direct.samples.push(Sample { series, time, start_time: None, value });
            }
            return Ok(());
        }
        if !self.values.contains_key(&key) && self.values.len() >= MOST_SERIES {
            return Err(format!("more than {MOST_SERIES} series within one interval: {:?}", metric.name));
        }
        if metric.kind == Kind::Set {
            let Value::Members(members) = self.value(key) else { return Ok(()) };
            if members.len() < MOST_MEMBERS {
                members.insert(xxh3_64(metric.values.as_bytes()));
            }
            return Ok(());
        }
        for text in metric.values.split(':') {
            let value = number(text)?;
            // DogStatsD sends negative values as they are; before it a sign meant a change.
            let is_change = text.starts_with(['+', '-']) && !metric.extended;
            let before = if is_change { self.gauges.get(&key).copied().unwrap_or_default() } else { 0.0 };
            match self.value(key.clone()) {
                Value::Counter(total) => *total += value / metric.rate,
                Value::Gauge(current) => *current = before + value,
                Value::Measurements(sketch) => sketch.add(value, 1.0 / metric.rate),
                Value::Members(_) => {}
            }
            if metric.kind == Kind::Gauge
                && (self.gauges.len() < MOST_SERIES || self.gauges.contains_key(&key))
            {
                self.gauges.insert(key.clone(), before + value);
            }
        }
        Ok(())
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

    /// Ends the interval at `now`: what came in it, and what was not taken.
    pub(crate) fn flush(&mut self, now: Timestamp) -> (TelemetryBatch, Refused) {
        // At the same time as the interval before it would take its place.
        let now = if now == self.began { now.offset(NANOS_PER_SECOND / 1000) } else { now };
        let mut batch = std::mem::take(&mut self.direct);
        let start_time = Some(self.began);
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
        self.began = now;
        (batch, std::mem::take(&mut self.refused))
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
            // A client may count down.
            monotonic: false,
            resource: resource(tags, &self.service, &key.name),
            scope: Arc::new(Scope { name: "statsd".to_owned(), version: String::new() }),
            attributes: attributes(tags),
        }
    }
}

/// Who speaks: the tag `service`, the service of the settings, or the first part of a dotted name.
pub(crate) fn resource(tags: Tags<'_>, service: &str, name: &str) -> Arc<Resource> {
    let prefix = || name.split_once('.').map(|(prefix, _)| prefix).filter(|prefix| !prefix.is_empty());
    let set = Some(service).filter(|service| !service.is_empty());
    let service = tags.value("service").or(set).or_else(prefix).unwrap_or("statsd");
    Arc::new(Resource::service_named(service))
}

/// The tags but for the one that names the service.
pub(crate) fn attributes(tags: Tags<'_>) -> Attributes {
    tags.pairs()
        .filter(|(key, _)| *key != "service")
        .map(|(key, value)| (key, &value[..value.floor_char_boundary(MAX_VALUE_BYTES)]))
        .collect()
}

fn in_order<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let sorted: BTreeMap<&str, &str> = tags.collect();
    let written = sorted.into_iter().map(|(key, value)| format!("{key}:{value}"));
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

    fn flushed(lines: &str) -> (TelemetryBatch, Refused) {
        let mut aggregate = Aggregate::new("", NOW);
        aggregate.take(lines.as_bytes(), NOW);
        aggregate.flush(NOW.offset(10 * NANOS_PER_SECOND))
    }

    fn value(batch: &TelemetryBatch, name: &str) -> f64 {
        let id = batch.series.iter().find(|(_, series)| series.name == name).unwrap().0;
        batch.samples.iter().find(|sample| sample.series == id).unwrap().value
    }

    #[test]
    fn counters_add_up_and_samples_are_scaled() {
        let (batch, refused) = flushed("a.b:1|c\na.b:2:3|c\na.b:1|c|@0.1\na.b:-4|c\n");
        assert_eq!((value(&batch, "a.b"), batch.samples.len(), refused), (12.0, 1, Refused::default()));
        let series = &batch.series[0].1;
        assert_eq!((series.kind, series.temporality), (MetricKind::Counter, Temporality::Delta));
        assert_eq!(series.resource.service(), "a");
        assert_eq!(batch.samples[0].start_time, Some(NOW));
    }

    #[test]
    fn gauges_keep_the_last_value_and_follow_changes_over_intervals() {
        let mut aggregate = Aggregate::new("app", NOW);
        aggregate.take(b"depth:10|g\ndepth:+5|g\ndepth:-3|g\ncold:-7|g|#room:a", NOW);
        let (batch, _) = aggregate.flush(NOW);
        assert_eq!((value(&batch, "depth"), value(&batch, "cold")), (12.0, -7.0));
        aggregate.take(b"depth:-2|g", NOW);
        assert_eq!(value(&aggregate.flush(NOW).0, "depth"), 10.0);
        // What was not sent is not repeated.
        assert!(aggregate.flush(NOW).0.is_empty());
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
    fn values_with_times_are_taken_as_they_are() {
        let (batch, refused) = flushed("x:4|c|T1789999000\nx:6|c|T1789999001\ng:1|g|T5");
        assert_eq!(batch.samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [4.0, 6.0]);
        assert_eq!(batch.samples[0].time, Timestamp(1_789_999_000 * NANOS_PER_SECOND));
        assert_eq!(refused.lines, 1);
    }

    #[test]
    fn events_become_records_and_malformed_lines_are_counted() {
        let (batch, refused) = flushed(
            "_e{5,2}:Outch|ok|t:error|#env:x\n_sc|redis|2|m:gone\nbroken\nx:NaN|g\nx:1e999|c\n\n\n\u{1}",
        );
        assert_eq!(batch.logs.len(), 2);
        assert_eq!(batch.logs[0].severity, Severity::ERROR);
        assert_eq!(batch.logs[1].body, "redis is critical: gone");
        assert_eq!(refused.lines, 4);
        assert_eq!((batch.samples.len(), value(&batch, "dogstatsd.service_check")), (1, 2.0));
        let status = &batch.series[0].1;
        assert_eq!((status.kind, status.attributes.text("check")), (MetricKind::Gauge, Some("redis")));
    }

    #[test]
    fn an_interval_never_takes_the_place_of_the_one_before() {
        let mut aggregate = Aggregate::new("", NOW);
        let mut times = Vec::new();
        for end in [5, 5, 3] {
            aggregate.take(b"x:1|c", NOW);
            times.extend(
                aggregate.flush(NOW.offset(end)).0.samples.iter().map(|sample| sample.time.since(NOW)),
            );
        }
        assert_eq!(times, [5, 1_000_005, 3], "a clock that was set back is believed");
    }

    #[test]
    fn exploding_tags_are_bounded() {
        let mut aggregate = Aggregate::new("", NOW);
        for index in 0..MOST_SERIES + 10 {
            aggregate.take(format!("x:1|c|#i:{index}").as_bytes(), NOW);
        }
        let (batch, refused) = aggregate.flush(NOW);
        assert_eq!((batch.samples.len(), refused.lines), (MOST_SERIES, 10));
    }
}
