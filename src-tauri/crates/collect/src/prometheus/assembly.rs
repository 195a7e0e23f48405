//! From what a target told to series: labels are settled, rules applied, limits kept, and histograms and summaries put
//! together from their parts.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::Arc,
};

use model::{
    Attributes, Exemplar, FURTHEST_AHEAD, HistogramPoint, Labels, MetricKind, Resource, Sample, Series,
    SeriesId, TelemetryBatch, Temporality, Timestamp,
    prometheus::{FamilyKind, counts_by_name},
};

use super::{
    composite::{Composites, Part},
    exposed::{ExposedExemplar, ExposedSample, Exposition, ExpositionError, shown},
    relabel::{METRIC_NAME, Rule, relabel},
    unit::unit_of,
};

/// Whose samples they are, and how they are taken.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The resource of every series but those that honoured labels or rules give to another job.
    pub resource: Arc<Resource>,
    /// Labels of the target.
    pub labels: Labels,
    /// Whether a label that a sample brings wins over one of the target; otherwise it becomes `exported_NAME`.
    pub honor_labels: bool,
    /// Whether times that samples bring are not believed.
    pub ignore_timestamps: bool,
    /// What is changed or dropped of the series (`metric_relabel_configs`).
    pub rules: Arc<[Rule]>,
    /// What a series may be at most.
    pub limits: SeriesLimits,
}

/// Limits that make a whole scrape fail; 0 is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeriesLimits {
    /// Samples after relabelling.
    pub samples: usize,
    /// Labels of a series, its name and those of the target included.
    pub labels: usize,
    /// Bytes of a label's name.
    pub label_name_bytes: usize,
    /// Bytes of a label's value.
    pub label_value_bytes: usize,
}

/// What became of an exposition.
#[derive(Debug, Clone, Default)]
pub struct Assembled {
    /// The series and their points.
    pub batch: TelemetryBatch,
    /// Samples the target told.
    pub scraped: usize,
    /// Those left after relabelling.
    pub kept: usize,
    /// Samples of a series that was told already for that time.
    pub duplicates: usize,
    /// Samples left out because their time lies further ahead than [`FURTHEST_AHEAD`].
    pub ahead: usize,
    /// Series told with times of their own.
    pub timed: HashSet<SeriesId>,
    /// Name of the first native histogram whose counts were told as fractions and are rounded.
    pub rounded: Option<String>,
}

impl Assembled {
    /// What is to be told of samples that were left out, empty if none were.
    pub(crate) fn remark(&self) -> String {
        let twice = match self.duplicates {
            0 => None,
            1 => Some("1 sample stands there twice; the first was kept".to_owned()),
            count => Some(format!("{count} samples stand there twice; the first of each was kept")),
        };
        let ahead = (self.ahead > 0)
            .then(|| format!("samples left out because their time is more than a day ahead: {}", self.ahead));
        twice.into_iter().chain(ahead).collect::<Vec<_>>().join("; ")
    }
}

/// Why an exposition makes no batch, and how much of it there was all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Unassembled {
    /// What is wrong.
    pub error: ExpositionError,
    /// Samples the target told.
    pub scraped: usize,
    /// Those left after relabelling.
    pub kept: usize,
}

impl fmt::Display for Unassembled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl std::error::Error for Unassembled {}

/// The batch that an exposition makes at `now`; samples with a time of their own keep it. Of a series told
/// twice for one time the first counts, and what lies more than a day ahead is left out. A passed limit is
/// an error; the samples are counted to the end nevertheless, which is how a limit is found.
pub fn assemble(exposition: &Exposition, target: &Target, now: Timestamp) -> Result<Assembled, Unassembled> {
    let mut assembly = Assembly {
        exposition,
        target,
        now,
        done: Assembled { scraped: exposition.samples.len(), ..Assembled::default() },
        told: HashSet::new(),
        jobs: HashMap::new(),
    };
    let mut composites = Composites::default();
    let mut numbers = Vec::new();
    let mut wrong = None;
    for sample in &exposition.samples {
        match assembly.label(sample) {
            Ok(Some(labelled)) if wrong.is_none() => match labelled.part {
                Some(part) => numbers.extend(composites.add(part, labelled)),
                None => numbers.push(labelled),
            },
            Ok(_) => {}
            Err(error) => wrong = wrong.or(Some(error)),
        }
    }
    if let Some(error) = wrong {
        return Err(Unassembled { error, scraped: assembly.done.scraped, kept: assembly.done.kept });
    }
    numbers.extend(composites.lone_sums());
    for labelled in numbers {
        let start_time = composites.created(&labelled);
        assembly.single(labelled, start_time);
    }
    for (told, point, exemplars) in composites.finish() {
        assembly.composite(&told, point, &exemplars);
    }
    Ok(assembly.done)
}

/// A sample with its final labels.
pub(super) struct Labelled<'a> {
    pub(super) sample: &'a ExposedSample,
    /// Name of the series, or of the family for a part.
    pub(super) name: String,
    pub(super) labels: Labels,
    pub(super) kind: FamilyKind,
    /// The family as the target named it, which help and unit are kept under.
    pub(super) family: &'a str,
    pub(super) part: Option<Part>,
    /// When, unless now.
    pub(super) time: Option<Timestamp>,
}

impl Labelled<'_> {
    /// The sample as a number of its own.
    pub(super) fn alone(self, part: Part) -> Self {
        let family = if matches!(part, Part::Bucket | Part::Count) { &self.sample.name } else { self.family };
        Self {
            name: format!("{}{}", self.name, part.suffix()),
            kind: part.kind_alone(),
            family,
            part: None,
            ..self
        }
    }
}

struct Assembly<'a> {
    exposition: &'a Exposition,
    target: &'a Target,
    now: Timestamp,
    done: Assembled,
    told: HashSet<(SeriesId, Timestamp)>,
    /// Resources of jobs other than the target's.
    jobs: HashMap<String, Arc<Resource>>,
}

impl<'a> Assembly<'a> {
    /// Settles the labels of a sample; nothing if a rule drops it.
    fn label(&mut self, sample: &'a ExposedSample) -> Result<Option<Labelled<'a>>, ExpositionError> {
        let (family, kind, part) = self.family_of(sample);
        let mut labels = self.merged(sample);
        labels.insert(METRIC_NAME.to_owned(), sample.name.clone());
        if !relabel(&mut labels, &self.target.rules) {
            return Ok(None);
        }
        let failed = |message: String| ExpositionError { line: sample.line, message };
        self.done.kept += 1;
        let limits = &self.target.limits;
        if limits.samples > 0 && self.done.kept > limits.samples {
            return Err(failed(format!("more than {} samples, which is the sample limit", limits.samples)));
        }
        limits.check(&labels).map_err(failed)?;
        let name = labels
            .remove(METRIC_NAME)
            .filter(|name| !name.is_empty())
            .ok_or_else(|| failed("a rule takes the name of a metric away".to_owned()))?;
        // A part that a rule gave a name of its own belongs to nothing any more.
        let (name, kind, part) = match part.map(|part| (name.strip_suffix(part.suffix()), part)) {
            Some((Some(stem), part)) if !stem.is_empty() => (stem.to_owned(), kind, Some(part)),
            Some((_, part)) => (name, part.kind_alone(), None),
            None => (name, kind, None),
        };
        let time = sample.time.filter(|_| !self.target.ignore_timestamps);
        Ok(Some(Labelled { sample, name, labels, kind, family, part, time }))
    }

    /// The family of a sample, its kind, and which part of a composite the sample is.
    fn family_of(&self, sample: &'a ExposedSample) -> (&'a str, FamilyKind, Option<Part>) {
        let kind = |name: &str| self.exposition.kinds.get(name).copied();
        let has_label = |wanted: &str| sample.labels.iter().any(|(name, _)| name == wanted);
        let name = sample.name.as_str();
        if let Some(known) = kind(name)
            && (sample.native.is_some() || known != FamilyKind::Histogram)
        {
            let is_quantile = known == FamilyKind::Summary && has_label("quantile");
            return (name, known, is_quantile.then_some(Part::Quantile));
        }
        for (suffix, part) in [
            ("_bucket", Some(Part::Bucket)),
            ("_sum", Some(Part::Sum)),
            ("_count", Some(Part::Count)),
            ("_created", Some(Part::Created)),
            ("_total", None),
            ("_info", None),
            ("_gcount", None),
            ("_gsum", None),
        ] {
            let Some(family) = name.strip_suffix(suffix) else { continue };
            let Some(known) = kind(family) else { continue };
            let part = match (part, known) {
                (Some(Part::Bucket), FamilyKind::Histogram) if has_label("le") => part,
                (Some(Part::Sum | Part::Count), FamilyKind::Histogram | FamilyKind::Summary) => part,
                (Some(Part::Created), FamilyKind::Counter | FamilyKind::Histogram | FamilyKind::Summary)
                    if self.exposition.has_created =>
                {
                    part
                }
                (None, FamilyKind::Counter) if suffix == "_total" => part,
                (_, FamilyKind::Info | FamilyKind::GaugeHistogram) => None,
                _ => continue,
            };
            return (family, known, part);
        }
        (name, kind(name).filter(|known| *known == FamilyKind::Counter).unwrap_or_default(), None)
    }

    /// The labels of a sample with those of the target.
    fn merged(&self, sample: &ExposedSample) -> Labels {
        let mut labels = self.target.labels.clone();
        let mut conflicting = Vec::new();
        for (name, value) in &sample.labels {
            if value.is_empty() {
                continue;
            }
            if !self.target.labels.contains_key(name) || self.target.honor_labels {
                labels.insert(name.clone(), value.clone());
            } else {
                conflicting.push((name, value));
            }
        }
        for (name, value) in conflicting {
            let mut free = format!("exported_{name}");
            while labels.contains_key(&free) {
                free = format!("exported_{free}");
            }
            labels.insert(free, value.clone());
        }
        labels
    }

    /// Who speaks: the target, or the job that a target hands on from, as a Prometheus does that is asked for all it has.
    fn resource(&mut self, labels: &Labels) -> Arc<Resource> {
        const JOB: &str = "job";
        match labels.get(JOB).filter(|job| Some(*job) != self.target.labels.get(JOB)) {
            None => Arc::clone(&self.target.resource),
            Some(job) => match self.jobs.get(job) {
                Some(known) => Arc::clone(known),
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
        labels: &Labels,
    ) -> Series {
        let counts = !gauge && !matches!(kind, MetricKind::Gauge | MetricKind::Summary);
        Series {
            name,
            kind,
            unit: unit_of(family, self.exposition.units.get(family).map(String::as_str)),
            description: self.exposition.help.get(family).cloned().unwrap_or_default(),
            temporality: match kind {
                _ if counts => Temporality::Cumulative,
                // One that goes up and down stands for itself, as a delta does.
                MetricKind::ExponentialHistogram => Temporality::Delta,
                _ => Temporality::Unspecified,
            },
            monotonic: counts,
            resource: self.resource(labels),
            scope: Arc::default(),
            attributes: labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
        }
    }

    /// Adds the series unless it was told for this time already or the time cannot be right.
    fn admit(&mut self, series: Series, time: Option<Timestamp>) -> Option<(SeriesId, Timestamp)> {
        let id = series.id();
        let at = time.unwrap_or(self.now);
        if at.since(self.now) > FURTHEST_AHEAD {
            self.done.ahead += 1;
            return None;
        }
        if !self.told.insert((id, at)) {
            self.done.duplicates += 1;
            return None;
        }
        if time.is_some() {
            self.done.timed.insert(id);
        }
        self.done.batch.series.push((id, series));
        Some((id, at))
    }

    fn single(&mut self, told: Labelled<'_>, start_time: Option<Timestamp>) {
        let gauge = told.kind == FamilyKind::GaugeHistogram;
        let kind = match (&told.sample.native, told.kind) {
            (Some(_), _) => MetricKind::ExponentialHistogram,
            (None, FamilyKind::Counter) => MetricKind::Counter,
            (None, FamilyKind::Unknown) if counts_by_name(&told.name) => MetricKind::Counter,
            _ => MetricKind::Gauge,
        };
        if self.done.rounded.is_none() && told.sample.native.as_ref().is_some_and(|native| native.rounded) {
            self.done.rounded = Some(told.name.clone());
        }
        let series = self.series(told.name, told.family, kind, gauge, &told.labels);
        let Some((id, time)) = self.admit(series, told.time) else { return };
        let start_time = start_time.or(told.sample.start_time);
        match &told.sample.native {
            Some(native) => self.done.batch.histograms.push(HistogramPoint {
                series: id,
                time,
                start_time,
                count: told.sample.value as u64,
                sum: Some(native.sum),
                min: None,
                max: None,
                buckets: native.buckets.clone(),
            }),
            None => {
                self.done.batch.samples.push(Sample {
                    series: id,
                    time,
                    start_time,
                    value: told.sample.value,
                });
            }
        }
        self.exemplars(id, time, &told.sample.exemplars);
    }

    fn composite(&mut self, told: &Labelled<'_>, point: HistogramPoint, exemplars: &[&ExposedExemplar]) {
        let kind = match told.kind {
            FamilyKind::Summary => MetricKind::Summary,
            _ => MetricKind::Histogram,
        };
        let series = self.series(told.name.clone(), told.family, kind, false, &told.labels);
        if let Some((id, time)) = self.admit(series, told.time) {
            self.done.batch.histograms.push(HistogramPoint { series: id, time, ..point });
            self.exemplars(id, time, exemplars.iter().copied());
        }
    }

    fn exemplars<'e>(
        &mut self,
        series: SeriesId,
        time: Timestamp,
        told: impl IntoIterator<Item = &'e ExposedExemplar>,
    ) {
        for exemplar in told {
            let mut kept = Exemplar {
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
                        kept.trace_id = value.parse().ok();
                    }
                    "span_id" | "spanID" | "spanId" if value.parse::<model::SpanId>().is_ok() => {
                        kept.span_id = value.parse().ok();
                    }
                    _ => kept.attributes = kept.attributes.with(name.as_str(), value.as_str()),
                }
            }
            self.done.batch.exemplars.push(kept);
        }
    }
}

impl SeriesLimits {
    /// What is too much about a series.
    fn check(&self, labels: &Labels) -> Result<(), String> {
        if self.labels > 0 && labels.len() > self.labels {
            return Err(format!("a series has {} labels, the limit is {}", labels.len(), self.labels));
        }
        for (name, value) in labels {
            if self.label_name_bytes > 0 && name.len() > self.label_name_bytes {
                return Err(format!(
                    "the name of label {} is longer than {} bytes",
                    shown(name),
                    self.label_name_bytes
                ));
            }
            if self.label_value_bytes > 0 && value.len() > self.label_value_bytes {
                return Err(format!(
                    "the value of label {} is longer than {} bytes",
                    shown(name),
                    self.label_value_bytes
                ));
            }
        }
        Ok(())
    }
}

/// The key under which parts come together.
pub(super) type PartsKey = (String, BTreeMap<String, String>, Option<Timestamp>);

#[cfg(test)]
mod tests;
