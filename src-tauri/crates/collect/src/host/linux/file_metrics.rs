//! Metrics of single files in `/sys`: a search finds the files now and then; each reading reads
//! only those files.

use std::path::{Path, PathBuf};

use model::{Attributes, NANOS_PER_SECOND, Timestamp};

use super::{
    collector::{Collector, Reading},
    kernel_files::{self, KernelFiles},
};
use crate::host::metrics_builder::MetricsBuilder;

/// Interval between searches for devices that came or went.
const SEARCH_INTERVAL: i64 = 60 * NANOS_PER_SECOND;

/// The conversion of a file's text to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValueFormat {
    /// A number, times a factor.
    Number(f64),
    /// 1 if the text is this one, otherwise 0.
    Equals(&'static str),
}

/// A file and its series.
#[derive(Debug, Clone)]
pub(crate) struct FileMetric {
    pub(crate) path: PathBuf,
    pub(crate) metric: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) attributes: Attributes,
    pub(crate) format: ValueFormat,
    /// True for a counter, false for a gauge.
    pub(crate) counts: bool,
}

impl FileMetric {
    /// Creates a gauge of a number.
    pub(crate) fn gauge(
        path: PathBuf,
        metric: &'static str,
        unit: &'static str,
        factor: f64,
        attributes: Attributes,
    ) -> Self {
        Self { path, metric, unit, attributes, format: ValueFormat::Number(factor), counts: false }
    }

    /// Turns the gauge into a counter.
    pub(crate) fn counting(self) -> Self {
        Self { counts: true, ..self }
    }

    fn value(&self) -> Option<f64> {
        let text = kernel_files::line(&self.path)?;
        match self.format {
            ValueFormat::Number(factor) => text.parse::<f64>().ok().map(|value| value * factor),
            ValueFormat::Equals(wanted) => Some(f64::from(u8::from(text == wanted))),
        }
        .filter(|value| value.is_finite())
    }
}

/// Adds a metric if its file exists.
pub(crate) fn add(found: &mut Vec<FileMetric>, path: PathBuf, make: impl FnOnce(PathBuf) -> FileMetric) {
    if Path::exists(&path) {
        found.push(make(path));
    }
}

/// The files of one kind of device.
pub(crate) struct FileMetrics {
    discover: fn(&KernelFiles, &mut Vec<FileMetric>),
    files: Vec<FileMetric>,
    searched: Option<Timestamp>,
}

impl FileMetrics {
    /// Creates a collector of the files that `discover` finds.
    pub(crate) fn new(discover: fn(&KernelFiles, &mut Vec<FileMetric>)) -> Self {
        Self { discover, files: Vec::new(), searched: None }
    }
}

impl Collector for FileMetrics {
    fn record(&mut self, reading: &Reading<'_>, builder: &mut MetricsBuilder) {
        let is_due =
            self.searched.is_none_or(|searched| reading.now.since(searched).abs() >= SEARCH_INTERVAL);
        if is_due {
            self.searched = Some(reading.now);
            self.files.clear();
            (self.discover)(reading.kernel, &mut self.files);
        }
        for file in &self.files {
            let Some(value) = file.value() else { continue };
            if file.counts {
                builder.counter(file.metric, file.unit, file.attributes.clone(), value);
            } else {
                builder.gauge(file.metric, file.unit, file.attributes.clone(), value);
            }
        }
    }
}
