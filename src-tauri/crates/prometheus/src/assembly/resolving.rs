//! The resolution of samples whose series are not cached: labels, rules, limits and roles.

use std::{collections::HashMap, sync::Arc};

use model::{
    IdentityHash, Labels, MetricKind, Resource, Series, SeriesId, Temporality, Timestamp,
    prometheus::counts_by_name,
};

use super::{
    AssemblyOptions,
    labelling::{family_of, merged_labels},
};
use crate::{
    exposition::{ExposedSample, Exposition, ExpositionError},
    family::FamilyKind,
    histogram_assembly::read_bound,
    known_series::KnownSeries,
    labelled_sample::{LabelledSample, Role},
    relabel::{METRIC_NAME, relabel},
    resolution::Resolution,
    unit::unit_of,
};

/// Resolves the samples of one body.
pub(super) struct Resolver<'a> {
    families: &'a Exposition,
    options: &'a AssemblyOptions,
    /// Samples after relabelling.
    pub(super) relabelled: usize,
    /// Resources of jobs other than the target's.
    jobs: HashMap<String, Arc<Resource>>,
    /// The resolved series, each with its descriptor until that is taken.
    fresh: HashMap<SeriesId, (Arc<KnownSeries>, Option<Series>), IdentityHash>,
    /// Descriptions of families, shared by their series.
    descriptions: HashMap<&'a str, Arc<str>>,
}

/// A resolution, and whether it holds for all samples of equal text.
pub(super) struct Resolved {
    pub(super) resolution: Resolution,
    pub(super) is_of_text: bool,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(families: &'a Exposition, options: &'a AssemblyOptions) -> Self {
        Self {
            families,
            options,
            relabelled: 0,
            jobs: HashMap::new(),
            fresh: HashMap::default(),
            descriptions: HashMap::new(),
        }
    }

    /// Returns the time of a sample; none means the time of the scrape.
    pub(super) fn time(&self, sample: &ExposedSample) -> Option<Timestamp> {
        sample.time.filter(|_| !self.options.ignore_timestamps)
    }

    /// Counts a sample that no rule dropped. The error is that of the sample limit.
    pub(super) fn count_relabelled(&mut self, line: usize) -> Result<(), ExpositionError> {
        self.relabelled += 1;
        let limit = self.options.limits.samples;
        if limit > 0 && self.relabelled > limit {
            let message = format!("more than {limit} samples, which is the sample limit");
            return Err(ExpositionError { line, message });
        }
        Ok(())
    }

    /// Returns the descriptor of a series that was resolved, once.
    pub(super) fn take_descriptor(&mut self, id: SeriesId) -> Option<Series> {
        self.fresh.get_mut(&id)?.1.take()
    }

    /// Returns the series of a sum whose histogram or summary has nothing else. Prometheus stores
    /// such samples too.
    pub(super) fn lone_sum(&mut self, whole: &KnownSeries) -> Arc<KnownSeries> {
        let known = whole.sum(&self.options.resource);
        let series = known.series(&self.options.resource);
        let (known, _) = self.fresh.entry(known.id).or_insert_with(|| (Arc::new(known), Some(series)));
        Arc::clone(known)
    }

    /// Resolves the series of a sample. A part of a histogram or summary is a number of its own if
    /// its bound or count is invalid, or if a rule removed the bound. Prometheus stores such
    /// samples too.
    pub(super) fn resolve(&mut self, sample: &'a ExposedSample) -> Result<Resolved, ExpositionError> {
        let of_text = |resolution| Ok(Resolved { resolution, is_of_text: true });
        let Some(mut labelled) = self.label(sample)? else { return of_text(Resolution::Dropped) };
        let Some(role) = labelled.role else { return of_text(Resolution::Number(self.number(labelled))) };
        if role == Role::Created {
            return of_text(Resolution::Created(self.whole(labelled).created_key()));
        }
        let bound = match role.bound_label() {
            None => Some(0.0),
            Some(label) => labelled.labels.get(label).and_then(|text| read_bound(text)),
        };
        let Some(bound) = bound else {
            return of_text(Resolution::Number(self.number(labelled.into_standalone(role))));
        };
        if !role.accepts(sample.value) {
            let resolution = Resolution::Number(self.number(labelled.into_standalone(role)));
            return Ok(Resolved { resolution, is_of_text: false });
        }
        if let Some(label) = role.bound_label() {
            labelled.labels.remove(label);
        }
        of_text(Resolution::Part { role, bound, whole: self.whole(labelled) })
    }

    /// Computes the final labels of a sample; none if a rule drops it.
    fn label(&mut self, sample: &'a ExposedSample) -> Result<Option<LabelledSample<'a>>, ExpositionError> {
        let (family, kind, role) = family_of(self.families, sample);
        let mut labels = merged_labels(sample, &self.options.labels, self.options.honor_labels);
        labels.insert(METRIC_NAME.to_owned(), sample.name.clone());
        if !relabel(&mut labels, &self.options.rules) {
            return Ok(None);
        }
        let failed = |message: String| ExpositionError { line: sample.line, message };
        self.count_relabelled(sample.line)?;
        self.options.limits.check(&labels).map_err(failed)?;
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
        Ok(Some(LabelledSample { sample, name, labels, kind, family, role }))
    }

    /// Returns the series of a number or a native histogram.
    fn number(&mut self, labelled: LabelledSample<'a>) -> Arc<KnownSeries> {
        let gauge = labelled.kind == FamilyKind::GaugeHistogram;
        let kind = match (&labelled.sample.native, labelled.kind) {
            (Some(_), _) => MetricKind::ExponentialHistogram,
            (None, FamilyKind::Counter) => MetricKind::Counter,
            (None, FamilyKind::Unknown) if counts_by_name(&labelled.name) => MetricKind::Counter,
            _ => MetricKind::Gauge,
        };
        self.series(labelled.name, labelled.family, kind, gauge, labelled.labels)
    }

    /// Returns the histogram, summary or counter that a sample is a part of.
    fn whole(&mut self, labelled: LabelledSample<'a>) -> Arc<KnownSeries> {
        let kind = match labelled.kind {
            FamilyKind::Summary => MetricKind::Summary,
            FamilyKind::Counter => MetricKind::Counter,
            _ => MetricKind::Histogram,
        };
        self.series(labelled.name, labelled.family, kind, false, labelled.labels)
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
        family: &'a str,
        kind: MetricKind,
        gauge: bool,
        labels: Labels,
    ) -> Arc<KnownSeries> {
        let counts = !gauge && !matches!(kind, MetricKind::Gauge | MetricKind::Summary);
        let series = Series {
            name,
            kind,
            unit: unit_of(family, self.families.units.get(family).map(String::as_str)),
            description: self.families.help.get(family).cloned().unwrap_or_default(),
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
        };
        let description =
            self.descriptions.entry(family).or_insert_with(|| series.description.as_str().into());
        let known = KnownSeries::new(&series, Arc::clone(description), &self.options.resource);
        let (known, _) = self.fresh.entry(known.id).or_insert_with(|| (Arc::new(known), Some(series)));
        Arc::clone(known)
    }
}
