//! The state of a Linux machine from `/proc` and `/sys`. A collector is one file of this folder and
//! one line of [`collectors`].

mod bonding;
mod btrfs;
mod collector;
mod container;
mod cpu;
mod cpu_frequency;
mod cpu_statistics;
mod disks;
mod file_metrics;
mod file_systems;
mod kernel;
mod kernel_files;
mod load;
mod membership;
mod memory;
mod network;
mod nfs;
mod power;
mod pressure;
mod process_table;
mod process_totals;
mod processes;
mod protocols;
mod raid;
mod sensors;
mod sockets;
mod watched_processes;

use config::{HostCollectors, WatchedProcess};
use model::Timestamp;

use self::{
    collector::{Collector, Reading, Units},
    cpu_statistics::Statistics,
    file_metrics::{FileMetric, FileMetrics},
    kernel_files::KernelFiles,
    process_table::ProcessTable,
    watched_processes::WatchedGroup,
};
use super::metrics_builder::MetricsBuilder;

/// Returns the enabled collectors.
fn collectors(
    on: &HostCollectors,
    top_processes: usize,
    watched: &[WatchedProcess],
) -> Vec<Box<dyn Collector>> {
    type Record = fn(&Reading<'_>, &mut MetricsBuilder);
    let stateless = |record: Record| Box::new(record) as Box<dyn Collector>;
    let files = |discover: fn(&KernelFiles, &mut Vec<FileMetric>)| {
        Box::new(FileMetrics::new(discover)) as Box<dyn Collector>
    };
    let all: Vec<(bool, Box<dyn Collector>)> = vec![
        (on.cpu, stateless(cpu::record)),
        (on.cpu, files(cpu_frequency::discover)),
        (on.kernel, stateless(kernel::record)),
        (on.processes, Box::new(processes::Processes::new(top_processes))),
        (on.load, stateless(load::record)),
        (on.memory, stateless(memory::record)),
        (on.paging, stateless(memory::record_swap_and_paging)),
        (on.disk, stateless(disks::record)),
        (on.filesystem, Box::new(file_systems::FileSystems::default())),
        (on.filesystem, files(btrfs::discover)),
        (on.network, stateless(network::record)),
        (on.network, files(network::discover)),
        (on.network, files(bonding::discover)),
        (on.protocols, stateless(protocols::record)),
        (on.sockets, stateless(sockets::record)),
        (on.pressure, stateless(pressure::record)),
        (on.raid, stateless(raid::record)),
        (on.nfs, stateless(nfs::record)),
        (on.container, stateless(container::record)),
        (on.sensors, files(sensors::discover)),
        (on.power, files(power::discover)),
    ];
    let watched = watched.iter().cloned().map(WatchedGroup::new);
    let enabled = all.into_iter().filter(|(is_enabled, _)| *is_enabled).map(|(_, collector)| collector);
    enabled.chain(watched.map(|group| Box::new(group) as Box<dyn Collector>)).collect()
}

/// The reader of the machine. Shares of time are measured between two readings. Blocks.
pub(crate) struct Machine {
    kernel: KernelFiles,
    units: Units,
    collectors: Vec<Box<dyn Collector>>,
    /// None if no collector needs the processes.
    processes: Option<ProcessTable>,
    previous: Option<(Statistics, Timestamp)>,
}

impl Machine {
    /// Creates a reader of the running kernel.
    pub(crate) fn new(on: HostCollectors, top_processes: usize, watched: &[WatchedProcess]) -> Self {
        Self::with_kernel(KernelFiles::running(), &on, top_processes, watched)
    }

    fn with_kernel(
        kernel: KernelFiles,
        on: &HostCollectors,
        top_processes: usize,
        watched: &[WatchedProcess],
    ) -> Self {
        let needs_processes = on.processes || !watched.is_empty();
        Self {
            kernel,
            units: Units::of_running_kernel(),
            collectors: collectors(on, top_processes, watched),
            processes: needs_processes.then(ProcessTable::default),
            previous: None,
        }
    }

    /// Records the metrics of every collector at `now`.
    pub(crate) fn record(&mut self, builder: &mut MetricsBuilder, now: Timestamp) {
        let statistics = cpu_statistics::parse(&self.kernel.read_proc("stat"));
        let no_processes = ProcessTable::default();
        let processes = match &mut self.processes {
            Some(table) => {
                table.read(&self.kernel);
                &*table
            }
            None => &no_processes,
        };
        let previous = self.previous.as_ref();
        let reading = Reading {
            kernel: &self.kernel,
            now,
            passed_seconds: previous.map_or(0.0, |(_, then)| now.since(*then) as f64 / 1e9),
            statistics: &statistics,
            previous: previous.map(|(statistics, _)| statistics),
            processes,
            units: self.units,
        };
        for collector in &mut self.collectors {
            collector.record(&reading, builder);
        }
        self.previous = Some((statistics, now));
    }
}

#[cfg(test)]
mod tests;
