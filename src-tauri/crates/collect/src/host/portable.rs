//! The state of the machine from the library `sysinfo`, for platforms other than Linux. Blocks.

use std::collections::{BTreeMap, BTreeSet};

use config::{HostCollectors, WatchedProcess};
use model::{Attributes, Timestamp};
use sysinfo::{Disks, Networks, ProcessRefreshKind, ProcessesToUpdate, System};

use super::{
    metrics::{self, DiskCounters, DiskWork, FileSystemState, InterfaceCounters, MemoryState, ProcessState},
    metrics_builder::MetricsBuilder,
    processes::ProcessChoice,
};

/// File systems without data of their own.
const WITHOUT_DATA: [&str; 7] = ["tmpfs", "devtmpfs", "ramfs", "squashfs", "iso9660", "efivarfs", "autofs"];

/// The reader of the machine. Utilizations are measured between two readings.
pub(crate) struct Machine {
    collectors: HostCollectors,
    top_processes: usize,
    system: Option<System>,
    disks: Option<Disks>,
    networks: Option<Networks>,
    choice: ProcessChoice,
}

impl Machine {
    /// Creates a reader. Processes are watched on Linux only.
    pub(crate) fn new(collectors: HostCollectors, top_processes: usize, _watched: &[WatchedProcess]) -> Self {
        Self {
            collectors,
            top_processes,
            system: None,
            disks: None,
            networks: None,
            choice: ProcessChoice::default(),
        }
    }

    pub(crate) fn record(&mut self, builder: &mut MetricsBuilder, now: Timestamp) {
        if self.system.is_none() {
            self.system = System::new().ok();
        }
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if self.collectors.cpu {
            builder.gauge("system.cpu.logical.count", "{cpu}", Attributes::new(), cpus as f64);
            self.record_cpu(builder);
        }
        if self.collectors.load
            && let Ok(load) = System::load_average()
        {
            metrics::record_load(builder, [load.one, load.five, load.fifteen]);
        }
        if self.collectors.kernel {
            let uptime = System::uptime().ok().map(|seconds| seconds as f64);
            metrics::record_start(builder, uptime, System::boot_time().ok().map(|seconds| seconds as f64));
        }
        self.record_memory(builder);
        if self.collectors.processes {
            self.record_processes(builder, cpus, now);
        }
        if self.collectors.disk || self.collectors.filesystem {
            self.record_disks(builder);
        }
        if self.collectors.network {
            self.record_interfaces(builder);
        }
    }

    fn record_cpu(&mut self, builder: &mut MetricsBuilder) {
        let Some(system) = &mut self.system else { return };
        let first = system.cpus().is_empty();
        system.refresh_cpu_usage();
        if first {
            return;
        }
        let share = |usage: f32| f64::from(usage / 100.0).clamp(0.0, 1.0);
        let each: Vec<(u32, f64)> =
            (0..).zip(system.cpus()).map(|(number, cpu)| (number, share(cpu.usage()))).collect();
        metrics::record_busy(builder, Some(share(system.global_cpu_usage())), &each);
    }

    fn record_memory(&mut self, builder: &mut MetricsBuilder) {
        let Some(system) = &mut self.system else { return };
        system.refresh_memory();
        let total = system.total_memory();
        let memory = MemoryState {
            total,
            available: system.available_memory().min(total),
            states: vec![
                ("used", system.used_memory().min(total)),
                ("free", total.saturating_sub(system.used_memory())),
            ],
            swap_total: system.total_swap(),
            swap_used: system.used_swap(),
        };
        if self.collectors.memory {
            memory.record(builder);
        }
        if self.collectors.paging {
            memory.record_swap(builder);
        }
    }

    fn record_processes(&mut self, builder: &mut MetricsBuilder, cpus: usize, now: Timestamp) {
        let Some(system) = &mut self.system else { return };
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let share = 1.0 / (100.0 * cpus as f64);
        let processes: Vec<ProcessState> = system
            .processes()
            .values()
            .map(|process| ProcessState {
                name: process.name().to_string_lossy().into_owned(),
                pid: process.pid().as_u32(),
                cpu: (f64::from(process.cpu_usage()) * share).clamp(0.0, 1.0),
                memory_bytes: process.memory(),
            })
            .collect();
        builder.gauge("system.process.count", "{process}", Attributes::new(), processes.len() as f64);
        for process in self.choice.choose(&processes, self.top_processes, now) {
            process.record(builder);
        }
    }

    /// Records disks, and each file system with data once, at its shortest mount point.
    fn record_disks(&mut self, builder: &mut MetricsBuilder) {
        let disks = match &mut self.disks {
            Some(disks) => {
                disks.refresh(true);
                disks
            }
            empty => match Disks::new_with_refreshed_list() {
                Ok(disks) => empty.insert(disks),
                Err(_) => return,
            },
        };
        let mut by_device: BTreeMap<String, FileSystemState> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for disk in disks.iter() {
            let name = disk.name().to_string_lossy().into_owned();
            let usage = disk.usage();
            let used = usage.total_read_bytes + usage.total_written_bytes > 0;
            if self.collectors.disk && used && seen.insert(name.clone()) {
                let work = |bytes| DiskWork { bytes: Some(bytes), ..DiskWork::default() };
                let counters = DiskCounters {
                    name: name.clone(),
                    read: work(usage.total_read_bytes),
                    write: work(usage.total_written_bytes),
                    ..DiskCounters::default()
                };
                counters.record(builder);
            }
            let available = disk.available_space().min(disk.total_space());
            let state = FileSystemState {
                device: name,
                mount_point: disk.mount_point().to_string_lossy().into_owned(),
                kind: disk.file_system().to_string_lossy().into_owned(),
                total: disk.total_space(),
                available,
                free: available,
                inodes: None,
                read_only: Some(disk.is_read_only()),
            };
            if state.total == 0 || WITHOUT_DATA.contains(&state.kind.as_str()) {
                continue;
            }
            match by_device.get_mut(&state.device) {
                Some(shortest) if shortest.mount_point.len() <= state.mount_point.len() => {}
                Some(shortest) => *shortest = state,
                None => {
                    by_device.insert(state.device.clone(), state);
                }
            }
        }
        if self.collectors.filesystem {
            by_device.values().for_each(|state| state.record(builder));
        }
    }

    fn record_interfaces(&mut self, builder: &mut MetricsBuilder) {
        match &mut self.networks {
            Some(networks) => networks.refresh(true),
            empty => *empty = Networks::new_with_refreshed_list().ok(),
        }
        for (name, data) in self.networks.iter().flat_map(|networks| networks.iter()) {
            let bytes = [data.total_received(), data.total_transmitted()];
            if bytes == [0, 0] {
                continue;
            }
            let interface = InterfaceCounters {
                name: name.to_string_lossy().into_owned(),
                bytes,
                packets: [data.total_packets_received(), data.total_packets_transmitted()],
                errors: [data.total_errors_on_received(), data.total_errors_on_transmitted()],
                dropped: None,
            };
            interface.record(builder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn this_machine_has_plausible_values() {
        let mut machine = Machine::new(HostCollectors::default(), 3, &[]);
        recorded(|builder| machine.record(builder, Timestamp(1)));
        let (names, values) = recorded(|builder| machine.record(builder, Timestamp(2)));
        for name in ["system.memory.limit", "system.cpu.utilization", "system.process.count", "system.uptime"]
        {
            assert!(names.iter().any(|recorded| recorded == name), "{name}");
        }
        assert!(values.values().all(|value| value.is_finite() && *value >= 0.0));
    }

    #[test]
    fn disabled_collectors_record_nothing() {
        let collectors = HostCollectors { network: false, memory: false, ..HostCollectors::default() };
        let (names, _) = recorded(|builder| Machine::new(collectors, 0, &[]).record(builder, Timestamp(1)));
        assert!(!names.iter().any(|name| name.contains("network") || name.contains("memory")), "{names:?}");
    }
}
