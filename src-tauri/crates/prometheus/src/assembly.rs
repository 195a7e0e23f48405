//! From an exposition to series: labels are merged, rules applied, limits checked, histograms and
//! summaries assembled.

mod labelling;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use model::{
    Attributes, Exemplar, HistogramPoint, Labels, MAX_FUTURE_NANOS, MetricKind, Resource, Sample, Series,
    SeriesId, TelemetryBatch, Temporality, Timestamp, prometheus::counts_by_name,
};

use self::labelling::{family_of, merged_labels};
use crate::{
    exposition::{ExposedExemplar, ExposedSample, Exposition, ExpositionError},
    family::FamilyKind,
    histogram_assembly::HistogramAssembly,
    labelled_sample::LabelledSample,
    limits::SeriesLimits,
    relabel::{METRIC_NAME, RelabelRule, relabel},
    unit::unit_of,
};

/// The target of the samples, and the options of its scrape.
#[derive(Debug, Clone, Default)]
pub struct AssemblyOptions {
    /// Resource of every series, unless honoured labels or rules name another job.
    pub resource: Arc<Resource>,
    /// Labels of the target.
    pub labels: Labels,
    /// True if a label of a sample wins over one of the target; otherwise it becomes
    /// `exported_NAME`.
    pub honor_labels: bool,
    /// True if timestamps of samples are replaced by the time of the scrape.
    pub ignore_timestamps: bool,
    /// Rules that change or drop series (`metric_relabel_configs`).
    pub rules: Arc<[RelabelRule]>,
    /// Limits on the series.
    pub limits: SeriesLimits,
}

/// The batch of an exposition, and its statistics.
#[derive(Debug, Clone, Default)]
pub struct Assembled {
    /// The series and their points.
    pub batch: TelemetryBatch,
    /// Samples in the exposition.
    pub scraped: usize,
    /// Samples after relabelling.
    pub relabelled: usize,
    /// Samples dropped because their series already has a value at that time.
    pub duplicates: usize,
    /// Samples dropped because their time is further ahead than [`MAX_FUTURE_NANOS`].
    pub too_far_ahead: usize,
    /// Series with timestamps of their own.
    pub timed: HashSet<SeriesId>,
    /// Name of the first native histogram whose fractional counts were rounded.
    pub rounded: Option<String>,
}

impl Assembled {
    /// Returns the warning about dropped samples, empty if there are none.
    pub fn warning(&self) -> String {
        let duplicates = match self.duplicates {
            0 => None,
            1 => Some("1 duplicate sample dropped; the first was stored".to_owned()),
            count => Some(format!("{count} duplicate samples dropped; the first of each was stored")),
        };
        let ahead = (self.too_far_ahead > 0).then(|| {
            format!("samples dropped because their time is more than a day ahead: {}", self.too_far_ahead)
        });
        duplicates.into_iter().chain(ahead).collect::<Vec<_>>().join("; ")
    }
}

/// An exposition without a batch, and its statistics.
#[derive(Debug, Clone, PartialEq)]
pub struct AssemblyError {
    /// The first violation.
    pub error: ExpositionError,
    /// Samples in the exposition.
    pub scraped: usize,
    /// Samples after relabelling.
    pub relabelled: usize,
}

impl fmt::Display for AssemblyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl std::error::Error for AssemblyError {}

/// Assembles the batch of an exposition at `now`. Samples keep a time of their own. If a series has
/// two values at one time, the first is stored. Samples more than a day ahead are dropped. An
/// exceeded limit is an error; all samples are counted nevertheless, which helps to choose a limit.
pub fn assemble(
    exposition: &Exposition,
    options: &AssemblyOptions,
    now: Timestamp,
) -> Result<Assembled, AssemblyError> {
    let mut assembly = Assembly {
        exposition,
        options,
        now,
        done: Assembled { scraped: exposition.samples.len(), ..Assembled::default() },
        seen: HashSet::new(),
        jobs: HashMap::new(),
    };
    let mut histograms = HistogramAssembly::default();
    let mut numbers = Vec::new();
    let mut first_error = None;
    for sample in &exposition.samples {
        match assembly.label(sample) {
            Ok(Some(labelled)) if first_error.is_none() => match labelled.role {
                Some(role) => numbers.extend(histograms.add(role, labelled)),
                None => numbers.push(labelled),
            },
            Ok(_) => {}
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    if let Some(error) = first_error {
        let Assembled { scraped, relabelled, .. } = assembly.done;
        return Err(AssemblyError { error, scraped, relabelled });
    }
    numbers.extend(histograms.take_lone_sums());
    for labelled in numbers {
        let start_time = histograms.created(&labelled);
        assembly.add_sample(labelled, start_time);
    }
    for (labelled, point, exemplars) in histograms.finish() {
        assembly.add_point(labelled, point, &exemplars);
    }
    Ok(assembly.done)
}

struct Assembly<'a> {
    exposition: &'a Exposition,
    options: &'a AssemblyOptions,
    now: Timestamp,
    done: Assembled,
    seen: HashSet<(SeriesId, Timestamp)>,
    /// Resources of jobs other than the target's.
    jobs: HashMap<String, Arc<Resource>>,
}

impl<'a> Assembly<'a> {
    /// Computes the final labels of a sample; none if a rule drops it.
    fn label(&mut self, sample: &'a ExposedSample) -> Result<Option<LabelledSample<'a>>, ExpositionError> {
        let (family, kind, role) = family_of(self.exposition, sample);
        let mut labels = merged_labels(sample, &self.options.labels, self.options.honor_labels);
        labels.insert(METRIC_NAME.to_owned(), sample.name.clone());
        if !relabel(&mut labels, &self.options.rules) {
            return Ok(None);
        }
        let failed = |message: String| ExpositionError { line: sample.line, message };
        self.done.relabelled += 1;
        let limits = &self.options.limits;
        if limits.samples > 0 && self.done.relabelled > limits.samples {
            return Err(failed(format!("more than {} samples, which is the sample limit", limits.samples)));
        }
        limits.check(&labels).map_err(failed)?;
        let name = labels
            .remove(METRIC_NAME)
            .filter(|name| !name.is_empty())
            .ok_or_else(|| failed("a rule removes the name of a metric".to_owned()))?;
        // A sample that a rule renamed has left its family.
        let (name, kind, role) = match role.map(|role| (name.strip_suffix(role.suffix()), role)) {
            Some((Some(stem), role)) if !stem.is_empty() => (stem.to_owned(), kind, Some(role)),
            Some((_, role)) => (name, role.standalone_kind(), None),
            None => (name, kind, None),
        };
        let time = sample.time.filter(|_| !self.options.ignore_timestamps);
        Ok(Some(LabelledSample { sample, name, labels, kind, family, role, time }))
    }

    /// Returns the resource of the target. A federating target passes on samples of other jobs;
    /// they get a resource of their own.
    fn resource(&mut self, labels: &Labels) -> Arc<Resource> {
        const JOB: &str = "job";
        match labels.get(JOB).filter(|job| Some(*job) != self.options.labels.get(JOB)) {
            None => Arc::clone(&self.options.resource),
            Some(job) => match self.jobs.get(job) {
                Some(resource) => Arc::clone(resource),
                None => {
                    let resource = Arc::new(Resource::service_named(job));
                    self.jobs.insert(job.clone(), Arc::clone(&resource));
                    resource
                }
            },
        }
    }

    fn series(
        &mut self,
        name: String,
        family: &str,
        kind: MetricKind,
        gauge: bool,
        labels: Labels,
    ) -> Series {
        let counts = !gauge && !matches!(kind, MetricKind::Gauge | MetricKind::Summary);
        Series {
            name,
            kind,
            unit: unit_of(family, self.exposition.units.get(family).map(String::as_str)),
            description: self.exposition.help.get(family).cloned().unwrap_or_default(),
            temporality: match kind {
                _ if counts => Temporality::Cumulative,
                // A gauge histogram does not add to the point before, like a delta.
                MetricKind::ExponentialHistogram => Temporality::Delta,
                _ => Temporality::Unspecified,
            },
            monotonic: counts,
            resource: self.resource(&labels),
            scope: Arc::default(),
            attributes: labels.into_iter().collect(),
        }
    }

    /// Adds the series, unless it has a value at this time or the time is too far ahead.
    fn admit(&mut self, series: Series, time: Option<Timestamp>) -> Option<(SeriesId, Timestamp)> {
        let id = series.id();
        let at = time.unwrap_or(self.now);
        if at.since(self.now) > MAX_FUTURE_NANOS {
            self.done.too_far_ahead += 1;
            return None;
        }
        if !self.seen.insert((id, at)) {
            self.done.duplicates += 1;
            return None;
        }
        if time.is_some() {
            self.done.timed.insert(id);
        }
        self.done.batch.series.push((id, series));
        Some((id, at))
    }

    /// Adds a number or a native histogram.
    fn add_sample(&mut self, labelled: LabelledSample<'_>, start_time: Option<Timestamp>) {
        let sample = labelled.sample;
        let gauge = labelled.kind == FamilyKind::GaugeHistogram;
        let kind = match (&sample.native, labelled.kind) {
            (Some(_), _) => MetricKind::ExponentialHistogram,
            (None, FamilyKind::Counter) => MetricKind::Counter,
            (None, FamilyKind::Unknown) if counts_by_name(&labelled.name) => MetricKind::Counter,
            _ => MetricKind::Gauge,
        };
        if self.done.rounded.is_none() && sample.native.as_ref().is_some_and(|native| native.rounded) {
            self.done.rounded = Some(labelled.name.clone());
        }
        let series = self.series(labelled.name, labelled.family, kind, gauge, labelled.labels);
        let Some((id, time)) = self.admit(series, labelled.time) else { return };
        let start_time = start_time.or(sample.start_time);
        match &sample.native {
            Some(native) => self.done.batch.histograms.push(HistogramPoint {
                series: id,
                time,
                start_time,
                count: sample.value as u64,
                sum: Some(native.sum),
                min: None,
                max: None,
                buckets: native.buckets.clone(),
            }),
            None => {
                self.done.batch.samples.push(Sample { series: id, time, start_time, value: sample.value });
            }
        }
        self.add_exemplars(id, time, &sample.exemplars);
    }

    /// Adds an assembled histogram or summary.
    fn add_point(
        &mut self,
        labelled: LabelledSample<'_>,
        point: HistogramPoint,
        exemplars: &[&ExposedExemplar],
    ) {
        let kind = match labelled.kind {
            FamilyKind::Summary => MetricKind::Summary,
            _ => MetricKind::Histogram,
        };
        let series = self.series(labelled.name, labelled.family, kind, false, labelled.labels);
        if let Some((id, time)) = self.admit(series, labelled.time) {
            self.done.batch.histograms.push(HistogramPoint { series: id, time, ..point });
            self.add_exemplars(id, time, exemplars.iter().copied());
        }
    }

    fn add_exemplars<'e>(
        &mut self,
        series: SeriesId,
        time: Timestamp,
        exposed: impl IntoIterator<Item = &'e ExposedExemplar>,
    ) {
        for exemplar in exposed {
            let mut stored = Exemplar {
                series,
                time: exemplar.time.unwrap_or(time),
                value: exemplar.value,
                trace_id: None,
                span_id: None,
                attributes: Attributes::new(),
            };
            for (name, value) in &exemplar.labels {
                match name.as_str() {
                    "trace_id" | "traceID" | "traceId" if value.parse::<model::TraceId>().is_ok() => {
                        stored.trace_id = value.parse().ok();
                    }
                    "span_id" | "spanID" | "spanId" if value.parse::<model::SpanId>().is_ok() => {
                        stored.span_id = value.parse().ok();
                    }
                    _ => stored.attributes = stored.attributes.with(name.as_str(), value.as_str()),
                }
            }
            self.done.batch.exemplars.push(stored);
        }
    }
}

#[cfg(test)]
mod tests;
