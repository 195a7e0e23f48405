//! Running totals of the spans of one operation. Pure.

use std::sync::Arc;

use model::{
    Attributes, Buckets, DEMONSTRATION_ATTRIBUTE, HistogramPoint, MetricKind, NANOS_PER_SECOND, Resource,
    Sample, Series, SpanKind, SpanStatus, TelemetryBatch, Timestamp,
};

/// Upper bounds of the duration buckets in seconds: about three per decade, finer at the durations
/// that people notice.
const BOUNDS: [f64; 18] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The identity of an operation's totals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct OperationKey {
    pub(super) service: Arc<str>,
    pub(super) demonstration: bool,
    pub(super) operation: Arc<str>,
    pub(super) kind: SpanKind,
    pub(super) status: SpanStatus,
}

/// The running totals of one operation.
#[derive(Debug)]
pub(super) struct OperationTotals {
    calls: Series,
    durations: Series,
    calls_id: model::SeriesId,
    durations_id: model::SeriesId,
    since: Timestamp,
    span_count: u64,
    sum: f64,
    buckets: [u64; BOUNDS.len() + 1],
    /// True if a span was counted since the last write.
    pub(super) changed: bool,
    /// True once the initial zero was written.
    pub(super) begun: bool,
    /// True while a batch with these totals is being written.
    pub(super) in_flight: bool,
}

impl OperationTotals {
    /// Creates totals that begin just before `now`.
    pub(super) fn new(key: &OperationKey, now: Timestamp) -> Self {
        let mut attributes = Attributes::new().with("service.name", &*key.service);
        if key.demonstration {
            attributes = attributes.with(DEMONSTRATION_ATTRIBUTE, true);
        }
        let resource = Arc::new(Resource { attributes });
        let attributes = Attributes::new()
            .with("span.name", &*key.operation)
            .with("span.kind", kind_name(key.kind))
            .with("status.code", status_name(key.status));
        let calls = Series {
            description: "Ended spans, by operation".to_owned(),
            ..Series::counter(
                "traces_spanmetrics_calls_total",
                "{call}",
                resource.clone(),
                attributes.clone(),
            )
        };
        let durations = Series {
            kind: MetricKind::Histogram,
            description: "Duration of spans, by operation".to_owned(),
            ..Series::counter("traces_spanmetrics_duration_seconds", "s", resource, attributes)
        };
        Self {
            calls_id: calls.id(),
            durations_id: durations.id(),
            calls,
            durations,
            // The initial zero is just before the first count.
            since: now.offset(-1_000_000),
            span_count: 0,
            sum: 0.0,
            buckets: [0; BOUNDS.len() + 1],
            changed: false,
            begun: false,
            in_flight: false,
        }
    }

    /// Counts a span of `duration` nanoseconds.
    pub(super) fn count(&mut self, duration: i64) {
        let seconds = duration.max(0) as f64 / NANOS_PER_SECOND as f64;
        self.span_count += 1;
        self.sum += seconds;
        let bucket = BOUNDS.partition_point(|bound| *bound < seconds);
        if let Some(count) = self.buckets.get_mut(bucket) {
            *count += 1;
        }
        self.changed = true;
    }

    /// Adds the totals at `now` to a batch, at first after an initial zero. Without it, rates would
    /// miss the counts of the first point.
    pub(super) fn add_to(&self, batch: &mut TelemetryBatch, now: Timestamp) {
        batch.series.push((self.calls_id, self.calls.clone()));
        batch.series.push((self.durations_id, self.durations.clone()));
        if !self.begun {
            self.add_point(batch, self.since, true);
        }
        self.add_point(batch, now, false);
    }

    fn add_point(&self, batch: &mut TelemetryBatch, time: Timestamp, zero: bool) {
        let counts = if zero { vec![0; self.buckets.len()] } else { self.buckets.to_vec() };
        let count = if zero { 0 } else { self.span_count };
        batch.samples.push(Sample {
            series: self.calls_id,
            time,
            start_time: Some(self.since),
            value: count as f64,
        });
        batch.histograms.push(HistogramPoint {
            series: self.durations_id,
            time,
            start_time: Some(self.since),
            count,
            sum: Some(if zero { 0.0 } else { self.sum }),
            min: None,
            max: None,
            buckets: Buckets::Explicit { bounds: BOUNDS.to_vec(), counts },
        });
    }
}

fn kind_name(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "unspecified",
        SpanKind::Internal => "internal",
        SpanKind::Server => "server",
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Consumer => "consumer",
    }
}

fn status_name(status: SpanStatus) -> &'static str {
    match status {
        SpanStatus::Unset => "unset",
        SpanStatus::Ok => "ok",
        SpanStatus::Error => "error",
    }
}
