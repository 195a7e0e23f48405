//! From an exposition to series: labels are merged, rules applied, limits checked, histograms and
//! summaries assembled.

mod labelling;
mod resolving;

use std::{collections::HashSet, fmt, sync::Arc};

use model::{
    Attributes, Exemplar, HistogramPoint, IdentityHash, Labels, MAX_FUTURE_NANOS, Resource, Sample, SeriesId,
    TelemetryBatch, Timestamp,
};

use self::resolving::Resolver;
use crate::{
    cached_resolutions::CachedResolutions,
    exposition::{ExposedExemplar, ExposedSample, Exposition, ExpositionError},
    histogram_assembly::HistogramAssembly,
    known_series::KnownSeries,
    limits::SeriesLimits,
    reading::Reading,
    relabel::RelabelRule,
    resolution::Resolution,
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
    /// The series of each point.
    pub(crate) series: Vec<Arc<KnownSeries>>,
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
    let mut assembly = Assembly::new(exposition, options, now, exposition.samples.len());
    for sample in &exposition.samples {
        assembly.resolve(sample);
    }
    assembly.finish()
}

/// Assembles a body like [`assemble`], but its batch does not describe cached series.
pub(crate) fn assemble_reading(
    reading: &Reading,
    options: &AssemblyOptions,
    cache: &mut CachedResolutions,
    now: Timestamp,
) -> Result<Assembled, AssemblyError> {
    let mut assembly = Assembly::new(&reading.families, options, now, reading.samples.len());
    for read in &reading.samples {
        let resolved = match &read.cached {
            Some(cached) => {
                assembly.add_cached(cached, &read.sample);
                None
            }
            None => assembly.resolve(&read.sample),
        };
        match (read.text, resolved) {
            (Some(text), Some(resolution)) => cache.insert(text, resolution),
            (Some(text), None) => cache.mark_used(text),
            (None, _) => {}
        }
    }
    assembly.finish()
}

struct Assembly<'a> {
    resolver: Resolver<'a>,
    now: Timestamp,
    done: Assembled,
    first_error: Option<ExpositionError>,
    /// Numbers and native histograms.
    numbers: Vec<(Arc<KnownSeries>, &'a ExposedSample)>,
    histograms: HistogramAssembly<'a>,
    seen: HashSet<(SeriesId, Timestamp), IdentityHash>,
}

impl<'a> Assembly<'a> {
    fn new(families: &'a Exposition, options: &'a AssemblyOptions, now: Timestamp, samples: usize) -> Self {
        let mut done = Assembled { scraped: samples, ..Assembled::default() };
        done.series.reserve(samples);
        done.batch.samples.reserve(samples);
        Self {
            resolver: Resolver::new(families, options),
            now,
            done,
            first_error: None,
            numbers: Vec::with_capacity(samples),
            histograms: HistogramAssembly::default(),
            seen: HashSet::with_capacity_and_hasher(samples, IdentityHash),
        }
    }

    /// Adds a sample of a cached series.
    fn add_cached(&mut self, cached: &Resolution, sample: &'a ExposedSample) {
        let counted = match cached {
            Resolution::Dropped => Ok(()),
            _ => self.resolver.count_relabelled(sample.line),
        };
        match counted {
            Ok(()) => self.add(cached, sample),
            Err(error) => self.first_error = self.first_error.take().or(Some(error)),
        }
    }

    /// Resolves the series of a sample, and adds the sample. Returns the resolution if it holds for
    /// all samples of equal text.
    fn resolve(&mut self, sample: &'a ExposedSample) -> Option<Resolution> {
        match self.resolver.resolve(sample) {
            Ok(resolved) => {
                self.add(&resolved.resolution, sample);
                resolved.is_of_text.then_some(resolved.resolution)
            }
            Err(error) => {
                self.first_error = self.first_error.take().or(Some(error));
                None
            }
        }
    }

    fn add(&mut self, resolution: &Resolution, sample: &'a ExposedSample) {
        if self.first_error.is_some() {
            return;
        }
        match resolution {
            Resolution::Dropped => {}
            Resolution::Number(series) => self.numbers.push((Arc::clone(series), sample)),
            Resolution::Part { role, bound, whole } => {
                self.histograms.add(whole, *role, *bound, sample, self.resolver.time(sample));
            }
            Resolution::Created(key) => self.histograms.add_created(*key, sample.value),
        }
    }

    /// Assembles what was added.
    fn finish(mut self) -> Result<Assembled, AssemblyError> {
        self.done.relabelled = self.resolver.relabelled;
        if let Some(error) = self.first_error {
            let Assembled { scraped, relabelled, .. } = self.done;
            return Err(AssemblyError { error, scraped, relabelled });
        }
        for (series, sample) in std::mem::take(&mut self.numbers) {
            self.add_number(&series, sample);
        }
        for lone in self.histograms.take_lone_sums() {
            let series = self.resolver.lone_sum(&lone.series);
            let start_time = self.histograms.created(&series).or(lone.start_time);
            if let (Some((id, time)), Some(value)) = (self.admit(&series, lone.time), lone.sum) {
                self.done.batch.samples.push(Sample { series: id, time, start_time, value });
            }
        }
        for point in self.histograms.take_points() {
            let created = self.histograms.created(&point.series);
            let Some((id, time)) = self.admit(&point.series, point.time) else { continue };
            self.add_exemplars(id, time, point.exemplars.iter().copied());
            self.done.batch.histograms.push(point.assemble(time, created));
        }
        Ok(self.done)
    }

    /// Adds the series, unless it has a value at this time or the time is too far ahead.
    fn admit(&mut self, series: &Arc<KnownSeries>, time: Option<Timestamp>) -> Option<(SeriesId, Timestamp)> {
        let id = series.id;
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
        self.done.batch.series.extend(self.resolver.take_descriptor(id).map(|descriptor| (id, descriptor)));
        self.done.series.push(Arc::clone(series));
        Some((id, at))
    }

    /// Adds a number or a native histogram.
    fn add_number(&mut self, series: &Arc<KnownSeries>, sample: &ExposedSample) {
        if self.done.rounded.is_none() && sample.native.as_ref().is_some_and(|native| native.rounded) {
            self.done.rounded = Some(series.name.to_string());
        }
        let start_time = self.histograms.created(series).or(sample.start_time);
        let Some((id, time)) = self.admit(series, self.resolver.time(sample)) else { return };
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
