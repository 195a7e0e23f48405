//! Running totals of spans of all operations, bounded in number. Pure.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::{NANOS_PER_SECOND, Span, TelemetryBatch, Timestamp};

use super::operation::{OperationKey, OperationTotals};

/// Maximum age of a counted span.
const COUNTED_FOR: i64 = 300 * NANOS_PER_SECOND;
/// Maximum number of operations of one service; further ones share one name.
const MAX_OPERATIONS: usize = 500;
/// Maximum number of services; further ones share one name.
const MAX_SERVICES: usize = 1_000;
/// The shared name of further operations and services.
const OTHER: &str = "other";
/// The totals since the start.
#[derive(Debug, Default)]
pub(crate) struct SpanTotals {
    totals: HashMap<OperationKey, OperationTotals>,
    operations: HashMap<Arc<str>, HashSet<Arc<str>>>,
}

impl SpanTotals {
    /// Counts `span`, unless it started too long ago or too far in the future.
    pub(crate) fn count(&mut self, span: &Span, now: Timestamp) {
        if now.since(span.start).saturating_abs() > COUNTED_FOR {
            return;
        }
        let (service, operation) = self.bounded(span.resource.service(), &span.name);
        let key = OperationKey {
            service,
            operation,
            demonstration: span.resource.is_demonstration(),
            kind: span.kind,
            status: span.status,
        };
        let totals = self.totals.entry(key).or_insert_with_key(|key| OperationTotals::new(key, now));
        totals.count(span.duration);
    }

    /// Returns the names for the totals, which are bounded in number.
    fn bounded(&mut self, service: &str, operation: &str) -> (Arc<str>, Arc<str>) {
        let full = self.operations.len() >= MAX_SERVICES;
        let service = match self.operations.get_key_value(service) {
            Some((known, _)) => known.clone(),
            None if full => Arc::from(OTHER),
            None => Arc::from(service),
        };
        let operations = self.operations.entry(service.clone()).or_default();
        let operation = match operations.get(operation) {
            Some(known) => known.clone(),
            None if operations.len() >= MAX_OPERATIONS => Arc::from(OTHER),
            None => {
                let new: Arc<str> = Arc::from(operation);
                operations.insert(new.clone());
                new
            }
        };
        (service, operation)
    }

    /// Returns the totals that changed since the last call, at `now`. The caller reports
    /// [`written`](Self::written) or [`not_written`](Self::not_written) before the next call.
    /// Counting may continue meanwhile.
    pub(crate) fn changed(&mut self, now: Timestamp) -> TelemetryBatch {
        let mut batch = TelemetryBatch::default();
        for totals in self.totals.values_mut().filter(|totals| totals.changed) {
            totals.add_to(&mut batch, now);
            totals.changed = false;
            totals.in_flight = true;
        }
        batch
    }

    /// Records that the last result of [`changed`](Self::changed) was committed.
    pub(crate) fn written(&mut self) {
        for totals in self.totals.values_mut().filter(|totals| totals.in_flight) {
            totals.in_flight = false;
            totals.begun = true;
        }
    }

    /// Records that the last result of [`changed`](Self::changed) was refused; the next one
    /// includes it.
    pub(crate) fn not_written(&mut self) {
        for totals in self.totals.values_mut().filter(|totals| totals.in_flight) {
            totals.in_flight = false;
            totals.changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{
        Attributes, Buckets, DEMONSTRATION_ATTRIBUTE, MetricKind, Resource, SpanId, SpanKind, SpanStatus,
        TraceId,
    };

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000 * NANOS_PER_SECOND);

    fn span(service: &str, name: &str, millis: i64, status: SpanStatus) -> Span {
        Span {
            trace_id: TraceId([1; 16]),
            span_id: SpanId([2; 8]),
            parent_span_id: None,
            name: name.to_owned(),
            kind: SpanKind::Server,
            start: NOW,
            duration: millis * 1_000_000,
            status,
            status_message: String::new(),
            trace_state: String::new(),
            resource: Arc::new(Resource::service_named(service)),
            scope: Arc::default(),
            attributes: Attributes::new(),
            events: Vec::new(),
            links: Vec::new(),
        }
    }

    #[test]
    fn spans_are_counted_by_operation_and_status_from_zero() {
        let mut totals = SpanTotals::default();
        for millis in [1, 3, 120, 90_000] {
            totals.count(&span("shop", "GET /", millis, SpanStatus::Unset), NOW);
        }
        totals.count(&span("shop", "GET /", 5, SpanStatus::Error), NOW);
        let batch = totals.changed(NOW.offset(1));
        assert_eq!((batch.series.len(), batch.samples.len(), batch.histograms.len()), (4, 4, 4));
        let (id, series) = batch
            .series
            .iter()
            .find(|(_, series)| {
                series.kind == MetricKind::Histogram && series.attributes.text("status.code") == Some("unset")
            })
            .unwrap();
        assert_eq!(series.resource.service(), "shop");
        let points: Vec<_> = batch.histograms.iter().filter(|point| point.series == *id).collect();
        assert_eq!((points[0].count, points[1].count), (0, 4));
        let Buckets::Explicit { bounds, counts } = &points[1].buckets else { panic!() };
        assert_eq!(counts.len(), bounds.len() + 1);
        assert_eq!((counts[0], counts[2], counts[7], counts[18]), (1, 1, 1, 1));
        assert!((points[1].sum.unwrap() - 90.124).abs() < 1e-9);
    }

    #[test]
    fn only_what_changed_is_written_and_failed_writes_come_again() {
        let mut totals = SpanTotals::default();
        totals.count(&span("a", "x", 1, SpanStatus::Ok), NOW);
        assert_eq!(totals.changed(NOW).samples.len(), 2);
        totals.not_written();
        assert_eq!(totals.changed(NOW).samples.len(), 2, "not committed, so included again");
        totals.count(&span("a", "x", 1, SpanStatus::Ok), NOW);
        totals.written();
        let batch = totals.changed(NOW);
        assert_eq!(batch.samples.len(), 1, "no second zero");
        assert_eq!(batch.samples[0].value, 2.0, "what was counted during the write");
        totals.written();
        assert!(totals.changed(NOW).is_empty());
    }

    #[test]
    fn old_and_future_spans_are_not_counted() {
        let mut totals = SpanTotals::default();
        for start in [NOW.offset(-COUNTED_FOR - 1), NOW.offset(COUNTED_FOR + 1), Timestamp(i64::MIN)] {
            totals.count(&Span { start, ..span("a", "x", 1, SpanStatus::Ok) }, NOW);
        }
        assert!(totals.changed(NOW).is_empty());
    }

    #[test]
    fn names_are_bounded_and_the_demonstration_stays_marked() {
        let mut totals = SpanTotals::default();
        for index in 0..2_000 {
            totals.count(&span("a", &format!("op {index}"), 1, SpanStatus::Ok), NOW);
            totals.count(&span(&format!("service {index}"), "x", -5, SpanStatus::Ok), NOW);
        }
        let batch = totals.changed(NOW);
        let of_a = batch
            .series
            .iter()
            .filter(|(_, series)| series.resource.service() == "a" && series.kind == MetricKind::Counter);
        assert_eq!(of_a.count(), MAX_OPERATIONS + 1);
        assert!(batch.series.len() <= 2 * (MAX_OPERATIONS + MAX_SERVICES + 2));
        let mut demonstration = SpanTotals::default();
        let attributes =
            Attributes::new().with("service.name", "cart").with(DEMONSTRATION_ATTRIBUTE, true).with("x", "y");
        let resource = Arc::new(Resource { attributes });
        demonstration.count(&Span { resource, ..span("cart", "x", 1, SpanStatus::Ok) }, NOW);
        let batch = demonstration.changed(NOW);
        assert!(batch.series.iter().all(|(_, series)| series.resource.is_demonstration()));
        assert_eq!(batch.series[0].1.resource.attributes.0.len(), 2);
    }
}
