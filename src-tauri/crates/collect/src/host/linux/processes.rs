//! The processes of the machine: their number by state, and the largest ones by name.

use super::collector::{Collector, Reading};
use crate::host::{metrics_builder::MetricsBuilder, processes::ProcessChoice};

/// The collector of processes.
pub(crate) struct Processes {
    top_processes: usize,
    choice: ProcessChoice,
}

impl Processes {
    /// Creates a collector that records `top_processes` names each by processor time and by memory.
    pub(crate) fn new(top_processes: usize) -> Self {
        Self { top_processes, choice: ProcessChoice::default() }
    }
}

impl Collector for Processes {
    fn record(&mut self, reading: &Reading<'_>, builder: &mut MetricsBuilder) {
        let table = reading.processes;
        table.record(builder);
        let passed_ticks = reading.passed_seconds * reading.units.ticks_per_second;
        let states = table.states(passed_ticks, reading.processors(), reading.units.page_bytes);
        for process in self.choice.choose(&states, self.top_processes, reading.now) {
            process.record(builder);
        }
    }
}
