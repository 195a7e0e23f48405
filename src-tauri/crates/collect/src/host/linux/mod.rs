//! The state of a Linux machine, read from `/proc` and `/sys`. Each file of this folder reads one part; a part
//! that the machine lacks, or whose files hold something else than expected, tells nothing.

mod container;
mod cpu;
mod devices;
mod disks;
mod facts;
mod file_systems;
mod files;
mod membership;
mod memory;
mod network;
mod power;
mod pressure;
mod processes;
mod protocols;
mod raid;
mod sensors;
mod sockets;
mod watched;

use config::{HostCollectors, WatchedProcess};
use model::{Attributes, Timestamp};

use super::{
    processes::ProcessChoice,
    telling::{Telling, tag},
    vitals,
};
use files::Kernel;

/// Reads the machine; shares are measured from one reading to the next. Blocks.
pub(crate) struct Machine {
    kernel: Kernel,
    collectors: HostCollectors,
    top_processes: usize,
    ticks_per_second: f64,
    page_bytes: u64,
    before: Option<(cpu::Statistics, Timestamp)>,
    file_systems: file_systems::Asking,
    devices: devices::Devices,
    table: processes::Table,
    choice: ProcessChoice,
    watched: Vec<watched::Watched>,
}

impl Machine {
    pub(crate) fn new(collectors: HostCollectors, top_processes: usize, watched: &[WatchedProcess]) -> Self {
        Self::of(Kernel::running(), collectors, top_processes, watched)
    }

    fn of(
        kernel: Kernel,
        collectors: HostCollectors,
        top_processes: usize,
        watched: &[WatchedProcess],
    ) -> Self {
        Self {
            kernel,
            collectors,
            top_processes,
            ticks_per_second: rustix::param::clock_ticks_per_second().max(1) as f64,
            page_bytes: rustix::param::page_size() as u64,
            before: None,
            file_systems: file_systems::Asking::default(),
            devices: devices::Devices::default(),
            table: processes::Table::default(),
            choice: ProcessChoice::default(),
            watched: watched.iter().cloned().map(watched::Watched::new).collect(),
        }
    }

    pub(crate) fn tell(&mut self, telling: &mut Telling, now: Timestamp) {
        let kernel = self.kernel.clone();
        let on = self.collectors.clone();
        self.tell_processors(telling, now);
        if on.load
            && let Some(load) = cpu::parse_load(&kernel.read_proc("loadavg"))
        {
            vitals::tell_load(telling, load);
        }
        self.tell_memory(telling);
        if on.disk {
            let disks = disks::parse(&kernel.read_proc("diskstats"), |name| {
                kernel.sys("block").join(name.replace('/', "!")).exists()
            });
            disks.iter().for_each(|disk| disk.tell(telling));
        }
        if on.filesystem {
            self.tell_file_systems(telling);
        }
        if on.network {
            network::tell(telling, &kernel.read_proc("net/dev"));
        }
        if on.protocols {
            let read = |file| kernel.read_proc(file);
            protocols::tell(telling, &read("net/snmp"), &read("net/netstat"), &read("net/snmp6"));
        }
        if on.sockets {
            sockets::tell(telling, &kernel, self.page_bytes);
        }
        if on.pressure {
            pressure::tell(telling, &kernel);
        }
        if on.kernel {
            facts::tell(telling, &kernel);
        }
        if on.raid {
            raid::tell(telling, &kernel.read_proc("mdstat"));
        }
        if on.nfs {
            facts::tell_nfs(telling, &kernel);
        }
        if on.container {
            container::tell(telling, &kernel);
        }
        self.devices.tell(telling, &kernel, &on, now);
    }

    /// Processors, the kernel's own work and processes: shares of time need the reading before.
    fn tell_processors(&mut self, telling: &mut Telling, now: Timestamp) {
        let statistics = cpu::parse(&self.kernel.read_proc("stat"));
        let before = self.before.as_ref();
        if self.collectors.cpu {
            cpu::tell(telling, &statistics, before.map(|(before, _)| before), self.ticks_per_second);
            cpu::tell_scheduler(telling, &self.kernel.read_proc("schedstat"));
        }
        if self.collectors.kernel {
            cpu::tell_kernel(telling, &statistics, &self.kernel);
        }
        if self.collectors.processes || !self.watched.is_empty() {
            self.table.read(&self.kernel);
        }
        let processors = statistics.each.len();
        if self.collectors.processes {
            let passed = before.map_or(0.0, |(_, then)| (now.0.saturating_sub(then.0)) as f64 / 1e9);
            self.table.tell(telling);
            let states = self.table.states(passed * self.ticks_per_second, processors, self.page_bytes);
            for process in self.choice.choose(&states, self.top_processes, now) {
                process.tell(telling);
            }
        }
        let measures = watched::Measures {
            ticks_per_second: self.ticks_per_second,
            page_bytes: self.page_bytes,
            processors,
            boot_time: statistics.boot_time,
        };
        for watched in &mut self.watched {
            watched.tell(telling, &self.kernel, &self.table.processes, measures, now);
        }
        self.before = Some((statistics, now));
    }

    fn tell_memory(&self, telling: &mut Telling) {
        let on = &self.collectors;
        if on.memory || on.paging {
            let text = self.kernel.read_proc("meminfo");
            let entries = memory::parse(&text);
            if let Some(state) = memory::state(&entries) {
                if on.memory {
                    state.tell(telling);
                    memory::tell_entries(telling, &entries);
                }
                if on.paging {
                    state.tell_swap(telling);
                }
            }
        }
        if on.paging {
            memory::tell_paging(telling, &self.kernel.read_proc("vmstat"));
        }
    }

    fn tell_file_systems(&mut self, telling: &mut Telling) {
        let mounts = file_systems::parse(&self.kernel.read_proc("self/mountinfo"));
        for (mount, state) in self.file_systems.ask(mounts) {
            let place: Attributes = tag("system.device", &mount.device)
                .with("system.filesystem.mountpoint", mount.mount_point.as_str())
                .with("system.filesystem.type", mount.kind.as_str());
            let failed = f64::from(u8::from(state.is_none()));
            telling.gauge("system.linux.filesystem.unanswered", "1", place, failed);
            if let Some(state) = state {
                state.tell(telling);
            }
        }
    }
}

#[cfg(test)]
mod tests;
