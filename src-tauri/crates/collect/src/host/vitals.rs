//! What every platform can tell of a machine, and how it is told as series: named as in OpenTelemetry's
//! conventions for system and process metrics.

use model::Attributes;

use super::telling::{Telling, ratio, tag};

/// Bytes of memory and swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryState {
    pub(crate) total: u64,
    pub(crate) available: u64,
    pub(crate) states: Vec<(&'static str, u64)>,
    pub(crate) swap_total: u64,
    pub(crate) swap_used: u64,
}

/// One direction of a disk's work, as far as it is known. Counts since the machine started.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct DiskWork {
    pub(crate) bytes: Option<u64>,
    pub(crate) operations: Option<u64>,
    pub(crate) merged: Option<u64>,
    pub(crate) seconds: Option<f64>,
}

/// What a disk did.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct DiskCounters {
    pub(crate) name: String,
    pub(crate) read: DiskWork,
    pub(crate) write: DiskWork,
    pub(crate) discard: DiskWork,
    pub(crate) flush: DiskWork,
    pub(crate) busy_seconds: Option<f64>,
    /// Seconds that operations waited, all together.
    pub(crate) weighted_seconds: Option<f64>,
    /// Operations under way.
    pub(crate) pending: Option<u64>,
}

/// How full a file system is, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FileSystemState {
    pub(crate) device: String,
    pub(crate) mount_point: String,
    pub(crate) kind: String,
    pub(crate) total: u64,
    /// For anyone.
    pub(crate) available: u64,
    /// Also what is kept for the administrator.
    pub(crate) free: u64,
    pub(crate) inodes: Option<[u64; 2]>,
    pub(crate) read_only: Option<bool>,
}

/// What a network interface received and transmitted, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
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

/// Load over 1, 5 and 15 minutes.
pub(crate) fn tell_load(telling: &mut Telling, load: [f64; 3]) {
    for (minutes, load) in ["1m", "5m", "15m"].into_iter().zip(load) {
        telling.gauge(&format!("system.load_average.{minutes}"), "1", Attributes::new(), load);
    }
}

/// Shares of time that processors worked, 0 to 1. `system.cpu.utilization` is one number for the machine, so
/// that any aggregation of it makes sense; modes are in `system.cpu.time`.
pub(crate) fn tell_busy(telling: &mut Telling, all: Option<f64>, each: &[(u32, f64)]) {
    if let Some(busy) = all {
        telling.gauge("system.cpu.utilization", "1", Attributes::new(), busy);
    }
    for (number, busy) in each {
        let attributes = Attributes::new().with("cpu.logical_number", i64::from(*number));
        telling.gauge("system.cpu.logical.utilization", "1", attributes, *busy);
    }
}

/// When the machine started.
pub(crate) fn tell_start(telling: &mut Telling, uptime_seconds: Option<f64>, boot_time: Option<f64>) {
    if let Some(seconds) = uptime_seconds {
        telling.gauge("system.uptime", "s", Attributes::new(), seconds);
    }
    if let Some(seconds) = boot_time {
        telling.gauge("system.boot_time", "s", Attributes::new(), seconds);
    }
}

impl MemoryState {
    pub(crate) fn tell(&self, telling: &mut Telling) {
        for (state, bytes) in &self.states {
            telling.gauge("system.memory.usage", "By", tag("system.memory.state", state), *bytes as f64);
        }
        telling.gauge("system.memory.limit", "By", Attributes::new(), self.total as f64);
        telling.gauge("system.memory.available", "By", Attributes::new(), self.available as f64);
        let used = self.total.saturating_sub(self.available);
        telling.gauge("system.memory.utilization", "1", Attributes::new(), ratio(used, self.total));
    }

    /// Swap; nothing where there is none.
    pub(crate) fn tell_swap(&self, telling: &mut Telling) {
        if self.swap_total == 0 {
            return;
        }
        let free = self.swap_total.saturating_sub(self.swap_used);
        for (state, bytes) in [("used", self.swap_used), ("free", free)] {
            telling.gauge("system.paging.usage", "By", tag("system.paging.state", state), bytes as f64);
        }
        let utilization = ratio(self.swap_used, self.swap_total);
        telling.gauge("system.paging.utilization", "1", Attributes::new(), utilization);
    }
}

impl DiskCounters {
    pub(crate) fn tell(&self, telling: &mut Telling) {
        let device = tag("system.device", &self.name);
        for (direction, work) in [("read", self.read), ("write", self.write)] {
            work.tell(telling, "system.disk", &device.clone().with("disk.io.direction", direction));
        }
        self.discard.tell(telling, "system.linux.disk.discard", &device);
        self.flush.tell(telling, "system.linux.disk.flush", &device);
        if let Some(seconds) = self.busy_seconds {
            telling.counter("system.disk.io_time", "s", device.clone(), seconds);
        }
        if let Some(seconds) = self.weighted_seconds {
            telling.counter("system.disk.weighted_io_time", "s", device.clone(), seconds);
        }
        if let Some(operations) = self.pending {
            telling.gauge("system.disk.pending_operations", "{operation}", device, operations as f64);
        }
    }
}

impl DiskWork {
    fn tell(&self, telling: &mut Telling, prefix: &str, attributes: &Attributes) {
        let figures = [
            ("io", "By", self.bytes.map(|bytes| bytes as f64)),
            ("operations", "{operation}", self.operations.map(|operations| operations as f64)),
            ("merged", "{operation}", self.merged.map(|merged| merged as f64)),
            ("operation_time", "s", self.seconds),
        ];
        for (name, unit, value) in figures {
            if let Some(value) = value {
                telling.counter(&format!("{prefix}.{name}"), unit, attributes.clone(), value);
            }
        }
    }
}

impl FileSystemState {
    pub(crate) fn tell(&self, telling: &mut Telling) {
        let place = tag("system.device", &self.device)
            .with("system.filesystem.mountpoint", self.mount_point.as_str())
            .with("system.filesystem.type", self.kind.as_str());
        let in_state = |state: &str| place.clone().with("system.filesystem.state", state);
        let free = self.free.clamp(self.available, self.total.max(self.available));
        let mut states = vec![("used", self.total.saturating_sub(free)), ("free", self.available)];
        if free > self.available {
            states.push(("reserved", free - self.available));
        }
        for (state, bytes) in states {
            telling.gauge("system.filesystem.usage", "By", in_state(state), bytes as f64);
        }
        let unavailable = self.total.saturating_sub(self.available);
        telling.gauge("system.filesystem.limit", "By", place.clone(), self.total as f64);
        telling.gauge("system.filesystem.utilization", "1", place.clone(), ratio(unavailable, self.total));
        if let Some([total, free]) = self.inodes.filter(|[total, _]| *total > 0) {
            for (state, inodes) in [("used", total.saturating_sub(free)), ("free", free)] {
                telling.gauge("system.filesystem.inodes.usage", "{inode}", in_state(state), inodes as f64);
            }
            telling.gauge("system.filesystem.inodes.limit", "{inode}", place.clone(), total as f64);
        }
        if let Some(read_only) = self.read_only {
            telling.gauge("system.filesystem.read_only", "1", place, f64::from(u8::from(read_only)));
        }
    }
}

impl InterfaceCounters {
    pub(crate) fn tell(&self, telling: &mut Telling) {
        let counters = [
            ("system.network.io", "By", Some(self.bytes)),
            ("system.network.packet.count", "{packet}", Some(self.packets)),
            ("system.network.errors", "{error}", Some(self.errors)),
            ("system.network.packet.dropped", "{packet}", self.dropped),
        ];
        for (name, unit, numbers) in counters {
            for (direction, number) in ["receive", "transmit"].into_iter().zip(numbers.into_iter().flatten())
            {
                let attributes =
                    tag("network.interface.name", &self.name).with("network.io.direction", direction);
                telling.counter(name, unit, attributes, number as f64);
            }
        }
    }
}
