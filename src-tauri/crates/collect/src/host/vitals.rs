//! The state of the machine at one moment, and how it is told as series.

use std::sync::Arc;

use model::{Attributes, Resource, Series, TelemetryBatch, Timestamp};

/// Everything read at one moment. Counters count since the machine started.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Vitals {
    /// Seconds spent in each mode, over all processors.
    pub(crate) cpu_seconds: Vec<(&'static str, f64)>,
    /// Share of all processors' time that was used since the reading before, 0 to 1.
    pub(crate) cpu_busy: Option<f64>,
    /// The same for each processor.
    pub(crate) cpu_busy_each: Vec<(u32, f64)>,
    pub(crate) cpu_count: usize,
    /// Over 1, 5 and 15 minutes.
    pub(crate) load: Option<[f64; 3]>,
    pub(crate) memory: Option<MemoryState>,
    /// Pages swapped in and out.
    pub(crate) swapped_pages: Option<[u64; 2]>,
    pub(crate) disks: Vec<DiskCounters>,
    pub(crate) file_systems: Vec<FileSystemState>,
    pub(crate) interfaces: Vec<InterfaceCounters>,
    pub(crate) processes: Vec<ProcessState>,
    pub(crate) process_count: usize,
    pub(crate) uptime_seconds: Option<u64>,
    /// Seconds since the epoch.
    pub(crate) boot_time: Option<u64>,
}

/// Bytes of memory and swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryState {
    pub(crate) total: u64,
    pub(crate) available: u64,
    pub(crate) states: Vec<(&'static str, u64)>,
    pub(crate) swap_total: u64,
    pub(crate) swap_used: u64,
}

/// What a disk did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DiskCounters {
    pub(crate) name: String,
    pub(crate) reads: Option<u64>,
    pub(crate) read_bytes: u64,
    pub(crate) writes: Option<u64>,
    pub(crate) written_bytes: u64,
    pub(crate) busy_seconds: Option<f64>,
}

/// How full a file system is, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileSystemState {
    pub(crate) device: String,
    pub(crate) mount_point: String,
    pub(crate) kind: String,
    pub(crate) total: u64,
    pub(crate) available: u64,
}

/// What a network interface received and transmitted, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InterfaceCounters {
    pub(crate) name: String,
    pub(crate) bytes: [u64; 2],
    pub(crate) packets: [u64; 2],
    pub(crate) errors: [u64; 2],
    pub(crate) dropped: Option<[u64; 2]>,
}

/// What a process takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProcessState {
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// Share of all processors, 0 to 1.
    pub(crate) cpu: f64,
    pub(crate) memory_bytes: u64,
}

/// Collects series of one resource at one time.
struct Telling<'a> {
    batch: TelemetryBatch,
    resource: &'a Arc<Resource>,
    now: Timestamp,
}

impl Telling<'_> {
    fn gauge(&mut self, name: &str, unit: &str, attributes: Attributes, value: f64) {
        self.batch.add_sample(Series::gauge(name, unit, self.resource.clone(), attributes), self.now, value);
    }

    fn counter(&mut self, name: &str, unit: &str, attributes: Attributes, value: f64) {
        self.batch.add_sample(
            Series::counter(name, unit, self.resource.clone(), attributes),
            self.now,
            value,
        );
    }
}

impl Vitals {
    /// The vitals as series of `resource`, named as in OpenTelemetry's conventions for system and process
    /// metrics. `system.cpu.utilization` and `system.memory.utilization` are one number for the machine, so
    /// that any aggregation of them makes sense; modes and states are in `system.cpu.time` and
    /// `system.memory.usage`.
    pub(crate) fn into_batch(self, resource: &Arc<Resource>, now: Timestamp) -> TelemetryBatch {
        let mut telling = Telling { batch: TelemetryBatch::default(), resource, now };
        self.tell_processors(&mut telling);
        self.tell_memory(&mut telling);
        for disk in &self.disks {
            disk.tell(&mut telling);
        }
        for file_system in &self.file_systems {
            file_system.tell(&mut telling);
        }
        for interface in &self.interfaces {
            interface.tell(&mut telling);
        }
        for process in &self.processes {
            let attributes = Attributes::new()
                .with("process.executable.name", process.name.as_str())
                .with("process.pid", i64::from(process.pid));
            telling.gauge("process.cpu.utilization", "1", attributes.clone(), process.cpu);
            telling.gauge("process.memory.usage", "By", attributes, process.memory_bytes as f64);
        }
        telling.batch
    }

    fn tell_processors(&self, telling: &mut Telling<'_>) {
        let none = Attributes::new();
        for (mode, seconds) in &self.cpu_seconds {
            telling.counter("system.cpu.time", "s", none.clone().with("cpu.mode", *mode), *seconds);
        }
        if let Some(busy) = self.cpu_busy {
            telling.gauge("system.cpu.utilization", "1", none.clone(), busy);
        }
        for (number, busy) in &self.cpu_busy_each {
            let attributes = none.clone().with("cpu.logical_number", i64::from(*number));
            telling.gauge("system.cpu.logical.utilization", "1", attributes, *busy);
        }
        telling.gauge("system.cpu.logical.count", "{cpu}", none.clone(), self.cpu_count as f64);
        for (minutes, load) in ["1m", "5m", "15m"].into_iter().zip(self.load.into_iter().flatten()) {
            telling.gauge(&format!("system.load_average.{minutes}"), "1", none.clone(), load);
        }
        telling.gauge("system.process.count", "{process}", none.clone(), self.process_count as f64);
        if let Some(seconds) = self.uptime_seconds {
            telling.gauge("system.uptime", "s", none.clone(), seconds as f64);
        }
        if let Some(seconds) = self.boot_time {
            telling.gauge("system.boot_time", "s", none, seconds as f64);
        }
    }

    fn tell_memory(&self, telling: &mut Telling<'_>) {
        let none = Attributes::new();
        if let Some(memory) = &self.memory {
            for (state, bytes) in &memory.states {
                let attributes = none.clone().with("system.memory.state", *state);
                telling.gauge("system.memory.usage", "By", attributes, *bytes as f64);
            }
            telling.gauge("system.memory.limit", "By", none.clone(), memory.total as f64);
            telling.gauge("system.memory.available", "By", none.clone(), memory.available as f64);
            let used = memory.total.saturating_sub(memory.available);
            telling.gauge("system.memory.utilization", "1", none.clone(), ratio(used, memory.total));
            if memory.swap_total > 0 {
                let free = memory.swap_total.saturating_sub(memory.swap_used);
                for (state, bytes) in [("used", memory.swap_used), ("free", free)] {
                    let attributes = none.clone().with("system.paging.state", state);
                    telling.gauge("system.paging.usage", "By", attributes, bytes as f64);
                }
                let utilization = ratio(memory.swap_used, memory.swap_total);
                telling.gauge("system.paging.utilization", "1", none.clone(), utilization);
            }
        }
        for (direction, pages) in ["in", "out"].into_iter().zip(self.swapped_pages.into_iter().flatten()) {
            let attributes = none.clone().with("system.paging.direction", direction);
            telling.counter("system.paging.operations", "{operation}", attributes, pages as f64);
        }
    }
}

impl DiskCounters {
    fn tell(&self, telling: &mut Telling<'_>) {
        let device = Attributes::new().with("system.device", self.name.as_str());
        for (direction, bytes, operations) in
            [("read", self.read_bytes, self.reads), ("write", self.written_bytes, self.writes)]
        {
            let attributes = device.clone().with("disk.io.direction", direction);
            telling.counter("system.disk.io", "By", attributes.clone(), bytes as f64);
            if let Some(operations) = operations {
                telling.counter("system.disk.operations", "{operation}", attributes, operations as f64);
            }
        }
        if let Some(seconds) = self.busy_seconds {
            telling.counter("system.disk.io_time", "s", device, seconds);
        }
    }
}

impl FileSystemState {
    fn tell(&self, telling: &mut Telling<'_>) {
        let place = Attributes::new()
            .with("system.device", self.device.as_str())
            .with("system.filesystem.mountpoint", self.mount_point.as_str())
            .with("system.filesystem.type", self.kind.as_str());
        let used = self.total.saturating_sub(self.available);
        for (state, bytes) in [("used", used), ("free", self.available)] {
            let attributes = place.clone().with("system.filesystem.state", state);
            telling.gauge("system.filesystem.usage", "By", attributes, bytes as f64);
        }
        telling.gauge("system.filesystem.limit", "By", place.clone(), self.total as f64);
        telling.gauge("system.filesystem.utilization", "1", place, ratio(used, self.total));
    }
}

impl InterfaceCounters {
    fn tell(&self, telling: &mut Telling<'_>) {
        let counters = [
            ("system.network.io", "By", Some(self.bytes)),
            ("system.network.packet.count", "{packet}", Some(self.packets)),
            ("system.network.errors", "{error}", Some(self.errors)),
            ("system.network.packet.dropped", "{packet}", self.dropped),
        ];
        for (name, unit, numbers) in counters {
            for (direction, number) in ["receive", "transmit"].into_iter().zip(numbers.into_iter().flatten())
            {
                let attributes = Attributes::new()
                    .with("network.interface.name", self.name.as_str())
                    .with("network.io.direction", direction);
                telling.counter(name, unit, attributes, number as f64);
            }
        }
    }
}

/// `part` of `whole`, from 0 to 1.
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) }
}
