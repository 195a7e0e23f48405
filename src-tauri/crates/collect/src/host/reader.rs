//! Reading the state of the machine: `sysinfo` everywhere, and `/proc` on Linux for what it lacks. Blocks.

use std::{collections::BTreeMap, sync::Arc};

use model::{Attributes, Resource, TelemetryBatch, Timestamp};
use sysinfo::{Disks, ProcessRefreshKind, ProcessesToUpdate, System};

use super::{
    processes::ProcessChoice,
    vitals::{FileSystemState, ProcessState, Vitals},
};

/// Reads the machine; utilizations are measured from one reading to the next.
pub(crate) struct HostReader {
    resource: Arc<Resource>,
    top_processes: usize,
    system: Option<System>,
    disks: Option<Disks>,
    choice: ProcessChoice,
    #[cfg(target_os = "linux")]
    before: Option<(super::linux::CpuTicks, Vec<(u32, super::linux::CpuTicks)>)>,
    #[cfg(not(target_os = "linux"))]
    networks: Option<sysinfo::Networks>,
}

impl HostReader {
    pub(crate) fn new(host: String, top_processes: usize) -> Self {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let attributes = Attributes::new()
            .with("service.name", "host")
            .with("host.name", host)
            .with("host.arch", std::env::consts::ARCH)
            .with("os.type", os);
        Self {
            resource: Arc::new(Resource { attributes }),
            top_processes,
            system: None,
            disks: None,
            choice: ProcessChoice::default(),
            #[cfg(target_os = "linux")]
            before: None,
            #[cfg(not(target_os = "linux"))]
            networks: None,
        }
    }

    /// Everything there is to tell at `now`.
    pub(crate) fn read(&mut self, now: Timestamp) -> TelemetryBatch {
        let mut vitals = Vitals {
            cpu_count: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            load: System::load_average().ok().map(|load| [load.one, load.five, load.fifteen]),
            uptime_seconds: System::uptime().ok(),
            boot_time: System::boot_time().ok(),
            ..Vitals::default()
        };
        self.read_processes(&mut vitals, now);
        self.read_platform(&mut vitals);
        vitals.file_systems = self.file_systems();
        vitals.into_batch(&self.resource, now)
    }

    fn read_processes(&mut self, vitals: &mut Vitals, now: Timestamp) {
        if self.system.is_none() {
            self.system = System::new().ok();
        }
        let Some(system) = &mut self.system else { return };
        let kind = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
        let share = 1.0 / (100.0 * vitals.cpu_count.max(1) as f64);
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
        vitals.process_count = processes.len();
        vitals.processes = self.choice.choose(&processes, self.top_processes, now);
    }

    /// Each file system once, at its shortest mount point, and only those that keep data.
    fn file_systems(&mut self) -> Vec<FileSystemState> {
        const WITHOUT_DATA: [&str; 7] =
            ["tmpfs", "devtmpfs", "ramfs", "squashfs", "iso9660", "efivarfs", "autofs"];
        let disks = match &mut self.disks {
            Some(disks) => {
                disks.refresh(true);
                disks
            }
            empty => match Disks::new_with_refreshed_list() {
                Ok(disks) => empty.insert(disks),
                Err(_) => return Vec::new(),
            },
        };
        let mut by_device: BTreeMap<String, FileSystemState> = BTreeMap::new();
        for disk in disks.iter() {
            let state = FileSystemState {
                device: disk.name().to_string_lossy().into_owned(),
                mount_point: disk.mount_point().to_string_lossy().into_owned(),
                kind: disk.file_system().to_string_lossy().into_owned(),
                total: disk.total_space(),
                available: disk.available_space().min(disk.total_space()),
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
        by_device.into_values().collect()
    }

    #[cfg(target_os = "linux")]
    fn read_platform(&mut self, vitals: &mut Vitals) {
        use super::linux;
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let ticks_per_second = rustix::param::clock_ticks_per_second().max(1) as f64;
        let (total, each) = linux::parse_cpu(&read("/proc/stat"));
        vitals.cpu_seconds =
            total.modes().iter().map(|(mode, ticks)| (*mode, *ticks as f64 / ticks_per_second)).collect();
        if let Some((total_before, each_before)) = &self.before {
            vitals.cpu_busy = total.busy_since(total_before);
            vitals.cpu_busy_each = each
                .iter()
                .filter_map(|(number, ticks)| {
                    let (_, before) = each_before.iter().find(|(known, _)| known == number)?;
                    Some((*number, ticks.busy_since(before)?))
                })
                .collect();
        }
        self.before = Some((total, each));
        vitals.memory = linux::parse_memory(&read("/proc/meminfo"));
        vitals.swapped_pages = linux::parse_swapping(&read("/proc/vmstat"));
        vitals.interfaces = linux::parse_interfaces(&read("/proc/net/dev"));
        vitals.disks = linux::parse_disks(&read("/proc/diskstats"), |name| {
            std::path::Path::new("/sys/block").join(name.replace('/', "!")).exists()
        });
    }

    #[cfg(not(target_os = "linux"))]
    fn read_platform(&mut self, vitals: &mut Vitals) {
        use super::vitals::{DiskCounters, InterfaceCounters, MemoryState};
        if let Some(system) = &mut self.system {
            let first = system.cpus().is_empty();
            system.refresh_cpu_usage();
            system.refresh_memory();
            let share = |usage: f32| f64::from(usage / 100.0).clamp(0.0, 1.0);
            if !first {
                vitals.cpu_busy = Some(share(system.global_cpu_usage()));
                vitals.cpu_busy_each =
                    (0..).zip(system.cpus()).map(|(number, cpu)| (number, share(cpu.usage()))).collect();
            }
            let total = system.total_memory();
            vitals.memory = Some(MemoryState {
                total,
                available: system.available_memory().min(total),
                states: vec![
                    ("used", system.used_memory().min(total)),
                    ("free", total.saturating_sub(system.used_memory())),
                ],
                swap_total: system.total_swap(),
                swap_used: system.used_swap(),
            });
        }
        match &mut self.networks {
            Some(networks) => networks.refresh(true),
            empty => *empty = sysinfo::Networks::new_with_refreshed_list().ok(),
        }
        for (name, data) in self.networks.iter().flat_map(|networks| networks.iter()) {
            let bytes = [data.total_received(), data.total_transmitted()];
            if bytes != [0, 0] {
                vitals.interfaces.push(InterfaceCounters {
                    name: name.to_string_lossy().into_owned(),
                    bytes,
                    packets: [data.total_packets_received(), data.total_packets_transmitted()],
                    errors: [data.total_errors_on_received(), data.total_errors_on_transmitted()],
                    dropped: None,
                });
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        for disk in self.disks.iter().flat_map(|disks| disks.iter()) {
            let name = disk.name().to_string_lossy().into_owned();
            let usage = disk.usage();
            if usage.total_read_bytes + usage.total_written_bytes > 0 && seen.insert(name.clone()) {
                vitals.disks.push(DiskCounters {
                    name,
                    reads: None,
                    read_bytes: usage.total_read_bytes,
                    writes: None,
                    written_bytes: usage.total_written_bytes,
                    busy_seconds: None,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_tells_plausible_numbers() {
        let mut reader = HostReader::new("testhost".to_owned(), 3);
        let first = reader.read(Timestamp(1));
        assert!(first.series.iter().all(|(_, series)| series.name != "system.cpu.utilization"));
        std::thread::sleep(std::time::Duration::from_millis(300));
        let second = reader.read(Timestamp(2));
        let value_of = |name: &str| -> Vec<f64> {
            second
                .series
                .iter()
                .filter(|(_, series)| series.name == name)
                .map(|(id, _)| second.samples.iter().find(|sample| sample.series == *id).unwrap().value)
                .collect()
        };
        for name in ["system.cpu.utilization", "system.memory.utilization"] {
            assert_eq!(value_of(name).len(), 1, "{name}");
        }
        for (id, series) in &second.series {
            assert_eq!(series.resource.service(), "host");
            let value = second.samples.iter().find(|sample| sample.series == *id).unwrap().value;
            assert!(value.is_finite() && value >= 0.0, "{} is {value}", series.name);
            if series.name.ends_with("utilization") {
                assert!(value <= 1.0, "{} is {value}", series.name);
            }
        }
        let total = value_of("system.memory.limit")[0];
        assert!(total > 64e6 && value_of("system.memory.available")[0] <= total);
        assert!(!value_of("process.memory.usage").is_empty() && value_of("process.memory.usage").len() <= 6);
        assert!(value_of("system.process.count")[0] >= 1.0);
        assert_eq!(second.samples.len(), second.series.len());
        let distinct: std::collections::HashSet<_> = second.series.iter().map(|(id, _)| id).collect();
        assert_eq!(distinct.len(), second.series.len(), "no series twice");
    }
}
