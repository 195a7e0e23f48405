//! The interface of a collector on Linux, and the data that all collectors share.

use model::Timestamp;

use super::{cpu_statistics::Statistics, kernel_files::KernelFiles, process_table::ProcessTable};
use crate::host::metrics_builder::MetricsBuilder;

/// The state of the machine at one time.
pub(crate) struct Reading<'a> {
    pub(crate) kernel: &'a KernelFiles,
    pub(crate) now: Timestamp,
    /// Seconds since the previous reading; 0 for the first.
    pub(crate) passed_seconds: f64,
    pub(crate) statistics: &'a Statistics,
    /// The statistics of the previous reading.
    pub(crate) previous: Option<&'a Statistics>,
    /// The processes; empty unless a collector needs them.
    pub(crate) processes: &'a ProcessTable,
    pub(crate) units: Units,
}

/// The units of the kernel's counters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Units {
    pub(crate) ticks_per_second: f64,
    pub(crate) page_bytes: u64,
}

impl Units {
    /// Returns the units of the running kernel.
    pub(crate) fn of_running_kernel() -> Self {
        Self {
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1) as f64,
            page_bytes: rustix::param::page_size() as u64,
        }
    }
}

impl Reading<'_> {
    /// Returns the number of processors.
    pub(crate) fn processors(&self) -> usize {
        self.statistics.each.len()
    }
}

/// A collector: reads files of the kernel and records metrics. Missing or malformed files yield no
/// metrics. Blocks.
pub(crate) trait Collector: Send {
    /// Records the metrics of one reading.
    fn record(&mut self, reading: &Reading<'_>, builder: &mut MetricsBuilder);
}

/// A collector without state is a function.
impl<F: FnMut(&Reading<'_>, &mut MetricsBuilder) + Send> Collector for F {
    fn record(&mut self, reading: &Reading<'_>, builder: &mut MetricsBuilder) {
        self(reading, builder);
    }
}
