//! Series of the last scrape of a target: detects new series and ends missing ones
//! (prometheus.io/docs/prometheus/latest/querying/basics, "Staleness").

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use model::{
    Buckets, Exemplar, HistogramPoint, IdentityHash, MetricKind, Resource, STALE, Sample, SeriesId,
    TelemetryBatch, Timestamp,
};

use crate::{assembly::Assembled, known_series::KnownSeries, native_histogram::empty_exponential};

/// The series and exemplars of a target's last scrape.
#[derive(Debug, Default)]
pub struct StalenessTracker {
    resource: Arc<Resource>,
    series: HashMap<SeriesId, TrackedSeries, IdentityHash>,
    exemplars: HashSet<u64>,
    scrape: u64,
}

/// A series of the last scrape.
#[derive(Debug)]
struct TrackedSeries {
    series: Arc<KnownSeries>,
    /// True if a staleness marker ends it once it is missing.
    ends: bool,
    /// True if the store has its descriptor.
    is_stored: bool,
    /// The last scrape that had it.
    scrape: u64,
}

impl StalenessTracker {
    /// Creates a tracker without series; `resource` is the target's.
    pub fn new(resource: Arc<Resource>) -> Self {
        Self { resource, ..Self::default() }
    }

    /// Records a scrape at `now` and returns the number of new series. Its batch gains staleness
    /// markers for missing series and loses repeated exemplars. It describes the series that the
    /// store does not have ([`Self::mark_stored`]). With `ends_timed`, series with their own
    /// timestamps end too.
    pub fn record(&mut self, assembled: &mut Assembled, now: Timestamp, ends_timed: bool) -> usize {
        self.scrape += 1;
        let (mut added, mut present, mut undescribed) = (0, 0, Vec::new());
        for series in &assembled.series {
            let ends = ends_timed || !assembled.timed.contains(&series.id);
            let is_stored = match self.series.entry(series.id) {
                Entry::Occupied(entry) => {
                    let tracked = entry.into_mut();
                    // A series with several times in one scrape occurs several times.
                    if tracked.scrape == self.scrape {
                        continue;
                    }
                    (tracked.ends, tracked.scrape) = (ends, self.scrape);
                    tracked.is_stored
                }
                Entry::Vacant(entry) => {
                    added += 1;
                    let (series, scrape) = (Arc::clone(series), self.scrape);
                    entry.insert(TrackedSeries { series, ends, is_stored: false, scrape });
                    false
                }
            };
            present += 1;
            if !is_stored {
                undescribed.push(Arc::clone(series));
            }
        }
        let batch = &mut assembled.batch;
        batch.series.retain(|(id, _)| self.series.get(id).is_none_or(|tracked| !tracked.is_stored));
        if undescribed.len() > batch.series.len() {
            let described: HashSet<SeriesId, IdentityHash> = batch.series.iter().map(|(id, _)| *id).collect();
            undescribed.retain(|series| !described.contains(&series.id));
            batch.series.extend(undescribed.iter().map(|series| (series.id, series.series(&self.resource))));
        }
        if present < self.series.len() {
            let scrape = self.scrape;
            let missing = self.series.extract_if(|_, tracked| tracked.scrape != scrape);
            let missing: Vec<TrackedSeries> = missing.map(|(_, tracked)| tracked).collect();
            self.end(missing, batch, now);
        }
        let mut current = HashSet::new();
        batch.exemplars.retain(|exemplar| {
            let fingerprint = fingerprint(exemplar);
            current.insert(fingerprint) && !self.exemplars.contains(&fingerprint)
        });
        self.exemplars = current;
        added
    }

    /// Records that the store has the descriptors of these series.
    pub fn mark_stored(&mut self, series: impl IntoIterator<Item = SeriesId>) {
        for id in series {
            if let Some(tracked) = self.series.get_mut(&id) {
                tracked.is_stored = true;
            }
        }
    }

    /// Adds the descriptors of all series to a batch, because the store has removed some.
    pub fn describe_all(&mut self, batch: &mut TelemetryBatch) {
        let described: HashSet<SeriesId, IdentityHash> = batch.series.iter().map(|(id, _)| *id).collect();
        for (id, tracked) in &mut self.series {
            tracked.is_stored = false;
            if !described.contains(id) {
                batch.series.push((*id, tracked.series.series(&self.resource)));
            }
        }
    }

    /// Adds staleness markers at `now` for every series to `batch`, and forgets them.
    pub fn end_all(&mut self, batch: &mut TelemetryBatch, now: Timestamp) {
        let gone = std::mem::take(&mut self.series);
        self.exemplars.clear();
        self.end(gone.into_values(), batch, now);
    }

    fn end(&self, gone: impl IntoIterator<Item = TrackedSeries>, batch: &mut TelemetryBatch, now: Timestamp) {
        for TrackedSeries { series, .. } in gone.into_iter().filter(|tracked| tracked.ends) {
            let id = series.id;
            match series.kind {
                MetricKind::Gauge | MetricKind::Counter => {
                    batch.samples.push(Sample { series: id, time: now, start_time: None, value: STALE });
                }
                kind => batch.histograms.push(end_point(id, kind, now)),
            }
            batch.series.push((id, series.series(&self.resource)));
        }
    }
}

/// Returns the point that ends a histogram or summary.
fn end_point(series: SeriesId, kind: MetricKind, time: Timestamp) -> HistogramPoint {
    let buckets = match kind {
        MetricKind::Summary => Buckets::Quantiles(Vec::new()),
        MetricKind::ExponentialHistogram => empty_exponential(),
        _ => Buckets::Explicit { bounds: Vec::new(), counts: Vec::new() },
    };
    HistogramPoint {
        series,
        time,
        start_time: None,
        count: 0,
        sum: Some(STALE),
        min: None,
        max: None,
        buckets,
    }
}

/// Hashes an exemplar. A target repeats it in each scrape until another replaces it.
fn fingerprint(exemplar: &Exemplar) -> u64 {
    let mut hasher = DefaultHasher::new();
    exemplar.series.hash(&mut hasher);
    exemplar.value.to_bits().hash(&mut hasher);
    exemplar.trace_id.hash(&mut hasher);
    exemplar.span_id.hash(&mut hasher);
    exemplar.attributes.to_json().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::is_stale;

    use super::*;
    use crate::{AssemblyOptions, assemble, parse_openmetrics, parse_text};

    fn scrape(
        tracker: &mut StalenessTracker,
        text: &str,
        now: i64,
        ends_timed: bool,
    ) -> (usize, Vec<(String, f64)>) {
        let target = AssemblyOptions {
            resource: tracker.resource.clone(),
            labels: BTreeMap::from([("job".into(), "j".into())]),
            honor_labels: true,
            ..AssemblyOptions::default()
        };
        let exposition = parse_text(text.as_bytes(), 100).unwrap();
        let mut assembled = assemble(&exposition, &target, Timestamp(now)).unwrap();
        let added = tracker.record(&mut assembled, Timestamp(now), ends_timed);
        (added, ended(&assembled.batch))
    }

    fn ended(batch: &TelemetryBatch) -> Vec<(String, f64)> {
        let mut names: Vec<_> = batch
            .samples
            .iter()
            .filter(|sample| is_stale(sample.value))
            .map(|sample| (sample.series, sample.time))
            .chain(
                batch
                    .histograms
                    .iter()
                    .filter(|point| point.sum.is_some_and(is_stale))
                    .map(|point| (point.series, point.time)),
            )
            .map(|(ended, time)| {
                let (id, series) = batch.series.iter().find(|(id, _)| *id == ended).unwrap();
                assert_eq!(*id, series.id(), "an ended series has the identity of the exposed one");
                (series.name.clone(), time.0 as f64)
            })
            .collect();
        names.sort_by(|left, right| left.0.cmp(&right.0));
        names
    }

    #[test]
    fn missing_series_end_once() {
        let mut tracker = StalenessTracker::new(Arc::new(Resource::service_named("s")));
        let histogram = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 1\nh_sum 1\n";
        assert_eq!(
            scrape(&mut tracker, &format!("a 1\nb{{x=\"1\",job=\"k\"}} 1\n{histogram}"), 1, false).0,
            3
        );
        assert_eq!(
            scrape(&mut tracker, "a NaN\nc 1\n", 2, false),
            (1, vec![("b".into(), 2.0), ("h".into(), 2.0)])
        );
        assert_eq!(scrape(&mut tracker, "a 1\nc 1\n", 3, false), (0, vec![]));
        assert_eq!(
            scrape(&mut tracker, "a 1\nb{x=\"1\",job=\"k\"} 1\n", 4, false),
            (1, vec![("c".into(), 4.0)])
        );
        let mut batch = TelemetryBatch::default();
        tracker.end_all(&mut batch, Timestamp(5));
        assert_eq!(ended(&batch), [("a".into(), 5.0), ("b".into(), 5.0)]);
        let mut again = TelemetryBatch::default();
        tracker.end_all(&mut again, Timestamp(6));
        assert!(again.is_empty());
    }

    #[test]
    fn series_with_timestamps_end_only_when_tracked() {
        let mut tracker = StalenessTracker::new(Arc::default());
        assert_eq!(scrape(&mut tracker, "a 1 5\na 2 6\nb 1\n", 1, false).0, 2);
        assert_eq!(scrape(&mut tracker, "b 1\n", 2, false).1, []);
        scrape(&mut tracker, "a 1 5\n", 3, true);
        assert_eq!(scrape(&mut tracker, "", 4, true).1, [("a".into(), 4.0)]);
    }

    #[test]
    fn a_repeated_exemplar_is_dropped() {
        let mut tracker = StalenessTracker::new(Arc::default());
        let mut exemplars = |value: &str| {
            let text = format!("# TYPE c counter\nc_total 1 # {{trace_id=\"a\"}} {value}\n# EOF\n");
            let exposition = parse_openmetrics(text.as_bytes(), 9).unwrap();
            let mut assembled = assemble(&exposition, &AssemblyOptions::default(), Timestamp(1)).unwrap();
            tracker.record(&mut assembled, Timestamp(1), false);
            assembled.batch.exemplars.len()
        };
        assert_eq!((exemplars("1"), exemplars("1"), exemplars("2"), exemplars("2")), (1, 0, 1, 0));
    }
}
