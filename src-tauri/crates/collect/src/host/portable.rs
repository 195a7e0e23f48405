//! The state of the machine as the library `sysinfo` tells it, for platforms other than Linux. Blocks.

use std::collections::{BTreeMap, BTreeSet};

use config::{HostCollectors, WatchedProcess};
use model::{Attributes, Timestamp};
use sysinfo::{Disks, Networks, ProcessRefreshKind, ProcessesToUpdate, System};

use super::{
    processes::ProcessChoice,
    telling::Telling,
    vitals::{self, DiskCounters, DiskWork, FileSystemState, InterfaceCounters, MemoryState, ProcessState},
};

/// File systems that keep no data of their own.
const WITHOUT_DATA: [&str; 7] = ["tmpfs", "devtmpfs", "ramfs", "squashfs", "iso9660", "efivarfs", "autofs"];

/// Reads the machine; utilizations are measured from one reading to the next.
pub(crate) struct Machine {
    collectors: HostCollectors,
    top_processes: usize,
    system: Option<System>,
    disks: Option<Disks>,
    networks: Option<Networks>,
    choice: ProcessChoice,
}

impl Machine {
    /// Processes are watched on Linux only.
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

    pub(crate) fn tell(&mut self, telling: &mut Telling, now: Timestamp) {
        if self.system.is_none() {
            self.system = System::new().ok();
        }
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        if self.collectors.cpu {
            telling.gauge("system.cpu.logical.count", "{cpu}", Attributes::new(), cpus as f64);
            self.tell_cpu(telling);
        }
        if self.collectors.load
            && let Ok(load) = System::load_average()
        {
            vitals::tell_load(telling, [load.one, load.five, load.fifteen]);
        }
        if self.collectors.kernel {
            let uptime = System::uptime().ok().map(|seconds| seconds as f64);
            vitals::tell_start(telling, uptime, System::boot_time().ok().map(|seconds| seconds as f64));
        }
        self.tell_memory(telling);
        if self.collectors.processes {
            self.tell_processes(telling, cpus, now);
        }
        if self.collectors.disk || self.collectors.filesystem {
            self.tell_disks(telling);
        }
        if self.collectors.network {
            self.tell_interfaces(telling);
        }
    }

    fn tell_cpu(&mut self, telling: &mut Telling) {
        let Some(system) = &mut self.system else { return };
        let first = system.cpus().is_empty();
        system.refresh_cpu_usage();
        if first {
            return;
        }
        let share = |usage: f32| f64::from(usage / 100.0).clamp(0.0, 1.0);
        let each: Vec<(u32, f64)> =
            (0..).zip(system.cpus()).map(|(number, cpu)| (number, share(cpu.usage()))).collect();
        vitals::tell_busy(telling, Some(share(system.global_cpu_usage())), &each);
    }

    fn tell_memory(&mut self, telling: &mut Telling) {
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
            memory.tell(telling);
        }
        if self.collectors.paging {
            memory.tell_swap(telling);
        }
    }

    fn tell_processes(&mut self, telling: &mut Telling, cpus: usize, now: Timestamp) {
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
        telling.gauge("system.process.count", "{process}", Attributes::new(), processes.len() as f64);
        for process in self.choice.choose(&processes, self.top_processes, now) {
            process.tell(telling);
        }
    }

    /// Each file system once, at its shortest mount point, and only those that keep data.
    fn tell_disks(&mut self, telling: &mut Telling) {
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
                counters.tell(telling);
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
                Some(known) if known.mount_point.len() <= state.mount_point.len() => {}
                Some(known) => *known = state,
                None => {
                    by_device.insert(state.device.clone(), state);
                }
            }
        }
        if self.collectors.filesystem {
            by_device.values().for_each(|state| state.tell(telling));
        }
    }

    fn tell_interfaces(&mut self, telling: &mut Telling) {
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
            interface.tell(telling);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::told;

    #[test]
    fn this_machine_tells_plausible_numbers() {
        let mut machine = Machine::new(HostCollectors::default(), 3, &[]);
        told(|telling| machine.tell(telling, Timestamp(1)));
        let (names, values) = told(|telling| machine.tell(telling, Timestamp(2)));
        for name in ["system.memory.limit", "system.cpu.utilization", "system.process.count", "system.uptime"]
        {
            assert!(names.iter().any(|told| told == name), "{name}");
        }
        assert!(values.values().all(|value| value.is_finite() && *value >= 0.0));
    }

    #[test]
    fn what_is_turned_off_is_not_told() {
        let collectors = HostCollectors { network: false, memory: false, ..HostCollectors::default() };
        let (names, _) = told(|telling| Machine::new(collectors, 0, &[]).tell(telling, Timestamp(1)));
        assert!(!names.iter().any(|name| name.contains("network") || name.contains("memory")), "{names:?}");
    }
}
