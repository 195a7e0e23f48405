//! From lines of the text format to series: histograms and summaries are put together from their parts.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use model::{
    Attributes, Buckets, HistogramPoint, MetricKind, Resource, Sample, Series, TelemetryBatch, Temporality,
    Timestamp,
};

use super::{ExposedSample, Exposition, ExpositionError, FamilyKind};

/// Whose samples they are.
#[derive(Debug, Clone)]
pub struct Target {
    /// The resource of every series.
    pub resource: Arc<Resource>,
    /// Labels of the target; a label of a sample with the same name becomes `exported_NAME`.
    pub labels: BTreeMap<String, String>,
}

/// The parts of one histogram or summary, by what tells it from others.
type PartsKey<'a> = (&'a str, Vec<(&'a str, &'a str)>, Option<i64>);

#[derive(Debug, Default)]
struct Parts {
    line: usize,
    /// Upper bound and cumulative count, or quantile and value.
    entries: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
}

#[derive(Clone, Copy)]
enum Part {
    Entry,
    Sum,
    Count,
}

/// The batch that an exposition makes at `now`; samples with a time of their own keep it. Of a series told
/// twice for one time the first counts.
pub fn assemble(
    exposition: &Exposition,
    target: &Target,
    now: Timestamp,
) -> Result<TelemetryBatch, ExpositionError> {
    let mut assembly =
        Assembly { exposition, target, now, batch: TelemetryBatch::default(), told: HashSet::new() };
    let mut composite: HashMap<PartsKey<'_>, Parts> = HashMap::new();
    let mut order: Vec<PartsKey<'_>> = Vec::new();
    for sample in &exposition.samples {
        match family_of(exposition, sample) {
            None => assembly.number(sample),
            Some((family, bound_label, part)) => {
                let mut labels: Vec<(&str, &str)> = sample
                    .labels
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .filter(|(name, _)| !(matches!(part, Part::Entry) && *name == bound_label))
                    .collect();
                labels.sort_unstable();
                let key = (family, labels, sample.timestamp);
                let parts = composite.entry(key.clone()).or_insert_with(|| {
                    order.push(key);
                    Parts { line: sample.line, ..Parts::default() }
                });
                add_part(parts, part, bound_label, sample)?;
            }
        }
    }
    for key in order {
        if let Some(parts) = composite.remove(&key) {
            assembly.composite(&key, parts)?;
        }
    }
    Ok(assembly.batch)
}

/// The histogram or summary that a sample is a part of, the label that holds its bound, and which part.
fn family_of<'a>(
    exposition: &Exposition,
    sample: &'a ExposedSample,
) -> Option<(&'a str, &'static str, Part)> {
    let kind = |name: &str| exposition.kinds.get(name).copied();
    let has_label = |wanted: &str| sample.labels.iter().any(|(name, _)| name == wanted);
    let name = sample.name.as_str();
    if kind(name) == Some(FamilyKind::Summary) && has_label("quantile") {
        return Some((name, "quantile", Part::Entry));
    }
    if let Some(family) = name.strip_suffix("_bucket") {
        let is_bucket = kind(family) == Some(FamilyKind::Histogram) && has_label("le");
        return is_bucket.then_some((family, "le", Part::Entry));
    }
    for (suffix, part) in [("_sum", Part::Sum), ("_count", Part::Count)] {
        if let Some(family) = name.strip_suffix(suffix) {
            return match kind(family) {
                Some(FamilyKind::Histogram) => Some((family, "le", part)),
                Some(FamilyKind::Summary) => Some((family, "quantile", part)),
                _ => None,
            };
        }
    }
    None
}

fn add_part(
    parts: &mut Parts,
    part: Part,
    bound_label: &str,
    sample: &ExposedSample,
) -> Result<(), ExpositionError> {
    match part {
        Part::Sum => parts.sum = Some(sample.value),
        Part::Count => parts.count = Some(sample.value),
        Part::Entry => {
            let bound = sample.labels.iter().find(|(name, _)| name == bound_label);
            let bound = bound.and_then(|(_, text)| match text.as_str() {
                "+Inf" | "Inf" => Some(f64::INFINITY),
                number => number.parse::<f64>().ok().filter(|bound| !bound.is_nan()),
            });
            let bound = bound.ok_or_else(|| ExpositionError {
                line: sample.line,
                message: format!("the label {bound_label} is not a number"),
            })?;
            parts.entries.push((bound, sample.value));
        }
    }
    Ok(())
}

struct Assembly<'a> {
    exposition: &'a Exposition,
    target: &'a Target,
    now: Timestamp,
    batch: TelemetryBatch,
    told: HashSet<(model::SeriesId, Timestamp)>,
}

impl Assembly<'_> {
    fn series<'l>(
        &self,
        name: &str,
        family: &str,
        kind: MetricKind,
        labels: impl Iterator<Item = (&'l str, &'l str)>,
    ) -> Series {
        let mut attributes = Attributes::new();
        for (name, value) in labels {
            let exported = self.target.labels.contains_key(name);
            let name = if exported { format!("exported_{name}") } else { name.to_owned() };
            attributes = attributes.with(name, value);
        }
        for (name, value) in &self.target.labels {
            attributes = attributes.with(name.as_str(), value.as_str());
        }
        let counts = matches!(kind, MetricKind::Counter | MetricKind::Histogram);
        Series {
            name: name.to_owned(),
            kind,
            unit: unit_of(family).to_owned(),
            description: self.exposition.help.get(family).cloned().unwrap_or_default(),
            temporality: if counts { Temporality::Cumulative } else { Temporality::Unspecified },
            monotonic: counts,
            resource: self.target.resource.clone(),
            scope: Arc::default(),
            attributes,
        }
    }

    /// Adds the series unless it was told for this time already.
    fn admit(&mut self, series: Series, time: Timestamp) -> Option<model::SeriesId> {
        let id = series.id();
        if !self.told.insert((id, time)) {
            return None;
        }
        self.batch.series.push((id, series));
        Some(id)
    }

    fn time(&self, timestamp: Option<i64>) -> Timestamp {
        timestamp.map_or(self.now, Timestamp::from_millis)
    }

    fn number(&mut self, sample: &ExposedSample) {
        let kind = match self.exposition.kinds.get(&sample.name) {
            Some(FamilyKind::Counter) => MetricKind::Counter,
            _ => MetricKind::Gauge,
        };
        let labels = sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let series = self.series(&sample.name, &sample.name, kind, labels);
        let time = self.time(sample.timestamp);
        if let Some(id) = self.admit(series, time) {
            self.batch.samples.push(Sample { series: id, time, start_time: None, value: sample.value });
        }
    }

    fn composite(&mut self, key: &PartsKey<'_>, mut parts: Parts) -> Result<(), ExpositionError> {
        let (family, labels, timestamp) = key;
        let time = self.time(*timestamp);
        let line = parts.line;
        let whole = |number: f64| {
            // NaN fails the comparison too.
            (0.0..=9.0e18).contains(&number).then_some(number as u64).ok_or_else(|| ExpositionError {
                line,
                message: format!("{family} has a count that is not a whole number of measurements"),
            })
        };
        parts.entries.sort_by(|left, right| left.0.total_cmp(&right.0));
        parts.entries.dedup_by(|later, earlier| later.0 == earlier.0);
        let told_count = parts.count.map(whole).transpose()?;
        let is_summary = self.exposition.kinds.get(*family) == Some(&FamilyKind::Summary);
        let (kind, count, buckets) = if is_summary {
            (MetricKind::Summary, told_count.unwrap_or(0), Buckets::Quantiles(parts.entries))
        } else {
            let mut bounds = Vec::new();
            let mut counts = Vec::new();
            let mut below = 0;
            let mut infinite = None;
            for (bound, cumulative) in parts.entries {
                let cumulative = whole(cumulative)?;
                if bound == f64::INFINITY {
                    infinite = Some(cumulative);
                } else {
                    bounds.push(bound);
                    counts.push(cumulative.saturating_sub(below));
                    below = below.max(cumulative);
                }
            }
            let count = infinite.or(told_count).unwrap_or(below).max(below);
            counts.push(count - below);
            (MetricKind::Histogram, count, Buckets::Explicit { bounds, counts })
        };
        let series = self.series(family, family, kind, labels.iter().copied());
        if let Some(id) = self.admit(series, time) {
            self.batch.histograms.push(HistogramPoint {
                series: id,
                time,
                start_time: None,
                count,
                sum: parts.sum,
                min: None,
                max: None,
                buckets,
            });
        }
        Ok(())
    }
}

/// The unit that a metric's name ends in, by Prometheus' naming conventions.
fn unit_of(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    [
        ("_seconds", "s"),
        ("_milliseconds", "ms"),
        ("_bytes", "By"),
        ("_ratio", "1"),
        ("_celsius", "Cel"),
        ("_volts", "V"),
        ("_amperes", "A"),
        ("_joules", "J"),
        ("_meters", "m"),
        ("_grams", "g"),
        ("_hertz", "Hz"),
    ]
    .into_iter()
    .find(|(suffix, _)| name.ends_with(suffix))
    .map_or("", |(_, unit)| unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prometheus::parse;

    fn target() -> Target {
        Target {
            resource: Arc::new(Resource::service_named("node")),
            labels: BTreeMap::from([("job".into(), "node".into()), ("instance".into(), "h:1".into())]),
        }
    }

    fn assembled(text: &str) -> Result<TelemetryBatch, ExpositionError> {
        assemble(&parse(text.as_bytes(), 1000)?, &target(), Timestamp(5_000_000_000))
    }

    #[test]
    fn counters_gauges_and_untyped_become_numbers() {
        let batch = assembled(
            "# HELP c_seconds_total spent\n# TYPE c_seconds_total counter\nc_seconds_total{job=\"x\"} 3\n# TYPE g gauge\ng 1 7\nu NaN\n",
        )
        .unwrap();
        let [counter, gauge, untyped] = &batch.series[..] else { panic!("{batch:?}") };
        assert_eq!((counter.1.kind, counter.1.monotonic), (MetricKind::Counter, true));
        assert_eq!((counter.1.unit.as_str(), counter.1.description.as_str()), ("s", "spent"));
        assert_eq!(counter.1.attributes.text("job"), Some("node"));
        assert_eq!(counter.1.attributes.text("exported_job"), Some("x"));
        assert_eq!((gauge.1.kind, untyped.1.kind), (MetricKind::Gauge, MetricKind::Gauge));
        assert_eq!(batch.samples[1].time, Timestamp(7_000_000));
        assert!(batch.samples[2].value.is_nan());
    }

    #[test]
    fn histograms_are_put_together_in_any_order() {
        let batch = assembled(
            "# TYPE h histogram\nh_count{p=\"/\"} 10\nh_bucket{p=\"/\",le=\"+Inf\"} 10\nh_bucket{le=\"0.5\",p=\"/\"} 7\n\
             h_bucket{p=\"/\",le=\"0.1\"} 4\nh_sum{p=\"/\"} 3.5\nh_bucket{p=\"/b\",le=\"+Inf\"} 0\n",
        )
        .unwrap();
        assert_eq!((batch.histograms.len(), batch.samples.len()), (2, 0));
        let point = &batch.histograms[0];
        assert_eq!((point.count, point.sum), (10, Some(3.5)));
        assert_eq!(point.buckets, Buckets::Explicit { bounds: vec![0.1, 0.5], counts: vec![4, 3, 3] });
        assert_eq!(batch.series[0].1.attributes.text("le"), None);
        assert_eq!(batch.series[0].1.temporality, Temporality::Cumulative);
    }

    #[test]
    fn summaries_keep_their_quantiles() {
        let batch = assembled(
            "# TYPE s summary\ns{quantile=\"0.9\"} 2\ns{quantile=\"0.5\"} 1\ns_sum 17\ns_count 9\n# TYPE e summary\ne_sum 0\ne_count 0\n",
        )
        .unwrap();
        let point = &batch.histograms[0];
        assert_eq!((point.count, point.sum), (9, Some(17.0)));
        assert_eq!(point.buckets, Buckets::Quantiles(vec![(0.5, 1.0), (0.9, 2.0)]));
        assert_eq!(batch.histograms.len(), 2);
    }

    #[test]
    fn odd_families_do_no_harm() {
        let incomplete = assembled("# TYPE h histogram\nh_bucket{le=\"1\"} 4\nh_sum 2\n").unwrap();
        assert_eq!(incomplete.histograms[0].count, 4);
        let falling =
            assembled("# TYPE h histogram\nh_bucket{le=\"1\"} 9\nh_bucket{le=\"2\"} 3\nh_count 1\n").unwrap();
        let Buckets::Explicit { counts, .. } = &falling.histograms[0].buckets else { panic!() };
        assert_eq!(counts.iter().sum::<u64>(), falling.histograms[0].count);
        for bad in [
            "h_bucket{le=\"x\"} 1",
            "h_bucket{le=\"NaN\"} 1",
            "h_bucket{le=\"1\"} NaN",
            "h_bucket{le=\"1\"} -1",
            "h_count -Inf",
        ] {
            let error = assembled(&format!("# TYPE h histogram\n{bad}\n")).unwrap_err();
            assert_eq!(error.line, 2, "{bad}");
        }
        let plain = assembled("x_bucket{le=\"1\"} 1\nx_sum 2\nx_count 1\n# TYPE h histogram\nh 5\n").unwrap();
        assert_eq!((plain.samples.len(), plain.histograms.len()), (4, 0));
    }

    #[test]
    fn a_series_told_twice_counts_once() {
        let batch = assembled("a{x=\"1\"} 1\na{x=\"1\"} 2\na{x=\"1\"} 3 9\n").unwrap();
        assert_eq!(batch.samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [1.0, 3.0]);
    }
}
