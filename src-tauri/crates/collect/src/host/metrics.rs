//! The state of a machine on every platform, and its series. Names follow OpenTelemetry's
//! conventions for system and process metrics.

use model::Attributes;

use super::metrics_builder::{MetricsBuilder, ratio, tag};

/// Memory and swap in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryState {
    pub(crate) total: u64,
    pub(crate) available: u64,
    pub(crate) states: Vec<(&'static str, u64)>,
    pub(crate) swap_total: u64,
    pub(crate) swap_used: u64,
}

/// The known counters of one direction of a disk, since the start of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct DiskWork {
    pub(crate) bytes: Option<u64>,
    pub(crate) operations: Option<u64>,
    pub(crate) merged: Option<u64>,
    pub(crate) seconds: Option<f64>,
}

/// The counters of a disk.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct DiskCounters {
    pub(crate) name: String,
    pub(crate) read: DiskWork,
    pub(crate) write: DiskWork,
    pub(crate) discard: DiskWork,
    pub(crate) flush: DiskWork,
    pub(crate) busy_seconds: Option<f64>,
    /// Seconds that all operations waited.
    pub(crate) weighted_seconds: Option<f64>,
    /// Operations under way.
    pub(crate) pending: Option<u64>,
}

/// Usage of a file system in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FileSystemState {
    pub(crate) device: String,
    pub(crate) mount_point: String,
    pub(crate) kind: String,
    pub(crate) total: u64,
    /// Available to every user.
    pub(crate) available: u64,
    /// Available to the administrator.
    pub(crate) free: u64,
    pub(crate) inodes: Option<[u64; 2]>,
    pub(crate) read_only: Option<bool>,
}

/// Counters of a network interface, received and transmitted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct InterfaceCounters {
    pub(crate) name: String,
    pub(crate) bytes: [u64; 2],
    pub(crate) packets: [u64; 2],
    pub(crate) errors: [u64; 2],
    pub(crate) dropped: Option<[u64; 2]>,
}

/// Usage of a process.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ProcessState {
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// Share of all processors, 0 to 1.
    pub(crate) cpu: f64,
    pub(crate) memory_bytes: u64,
}

/// Records the load over 1, 5 and 15 minutes.
pub(crate) fn record_load(builder: &mut MetricsBuilder, load: [f64; 3]) {
    for (minutes, load) in ["1m", "5m", "15m"].into_iter().zip(load) {
        builder.gauge(&format!("system.load_average.{minutes}"), "1", Attributes::new(), load);
    }
}

/// Records the busy shares of processors, 0 to 1. `system.cpu.utilization` is one number for the
/// machine, so that every aggregation of it makes sense; modes are in `system.cpu.time`.
pub(crate) fn record_busy(builder: &mut MetricsBuilder, all: Option<f64>, each: &[(u32, f64)]) {
    if let Some(busy) = all {
        builder.gauge("system.cpu.utilization", "1", Attributes::new(), busy);
    }
    for (number, busy) in each {
        let attributes = Attributes::new().with("cpu.logical_number", i64::from(*number));
        builder.gauge("system.cpu.logical.utilization", "1", attributes, *busy);
    }
}

/// Records the start time of the machine.
pub(crate) fn record_start(
    builder: &mut MetricsBuilder,
    uptime_seconds: Option<f64>,
    boot_time: Option<f64>,
) {
    if let Some(seconds) = uptime_seconds {
        builder.gauge("system.uptime", "s", Attributes::new(), seconds);
    }
    if let Some(seconds) = boot_time {
        builder.gauge("system.boot_time", "s", Attributes::new(), seconds);
    }
}

impl MemoryState {
    /// Records the series.
    pub(crate) fn record(&self, builder: &mut MetricsBuilder) {
        for (state, bytes) in &self.states {
            builder.gauge("system.memory.usage", "By", tag("system.memory.state", state), *bytes as f64);
        }
        builder.gauge("system.memory.limit", "By", Attributes::new(), self.total as f64);
        builder.gauge("system.memory.available", "By", Attributes::new(), self.available as f64);
        let used = self.total.saturating_sub(self.available);
        builder.gauge("system.memory.utilization", "1", Attributes::new(), ratio(used, self.total));
    }

    /// Records swap, if there is any.
    pub(crate) fn record_swap(&self, builder: &mut MetricsBuilder) {
        if self.swap_total == 0 {
            return;
        }
        let free = self.swap_total.saturating_sub(self.swap_used);
        for (state, bytes) in [("used", self.swap_used), ("free", free)] {
            builder.gauge("system.paging.usage", "By", tag("system.paging.state", state), bytes as f64);
        }
        let utilization = ratio(self.swap_used, self.swap_total);
        builder.gauge("system.paging.utilization", "1", Attributes::new(), utilization);
    }
}

impl DiskCounters {
    /// Records the series.
    pub(crate) fn record(&self, builder: &mut MetricsBuilder) {
        let device = tag("system.device", &self.name);
        for (direction, work) in [("read", self.read), ("write", self.write)] {
            work.record(builder, "system.disk", &device.clone().with("disk.io.direction", direction));
        }
        self.discard.record(builder, "system.linux.disk.discard", &device);
        self.flush.record(builder, "system.linux.disk.flush", &device);
        if let Some(seconds) = self.busy_seconds {
            builder.counter("system.disk.io_time", "s", device.clone(), seconds);
        }
        if let Some(seconds) = self.weighted_seconds {
            builder.counter("system.disk.weighted_io_time", "s", device.clone(), seconds);
        }
        if let Some(operations) = self.pending {
            builder.gauge("system.disk.pending_operations", "{operation}", device, operations as f64);
        }
    }
}

impl DiskWork {
    fn record(&self, builder: &mut MetricsBuilder, prefix: &str, attributes: &Attributes) {
        let counters = [
            ("io", "By", self.bytes.map(|bytes| bytes as f64)),
            ("operations", "{operation}", self.operations.map(|operations| operations as f64)),
            ("merged", "{operation}", self.merged.map(|merged| merged as f64)),
            ("operation_time", "s", self.seconds),
        ];
        for (name, unit, value) in counters {
            if let Some(value) = value {
                builder.counter(&format!("{prefix}.{name}"), unit, attributes.clone(), value);
            }
        }
    }
}

impl FileSystemState {
    /// Records the series.
    pub(crate) fn record(&self, builder: &mut MetricsBuilder) {
        let attributes = tag("system.device", &self.device)
            .with("system.filesystem.mountpoint", self.mount_point.as_str())
            .with("system.filesystem.type", self.kind.as_str());
        let in_state = |state: &str| attributes.clone().with("system.filesystem.state", state);
        let free = self.free.clamp(self.available, self.total.max(self.available));
        let mut states = vec![("used", self.total.saturating_sub(free)), ("free", self.available)];
        if free > self.available {
            states.push(("reserved", free - self.available));
        }
        for (state, bytes) in states {
            builder.gauge("system.filesystem.usage", "By", in_state(state), bytes as f64);
        }
        let unavailable = self.total.saturating_sub(self.available);
        builder.gauge("system.filesystem.limit", "By", attributes.clone(), self.total as f64);
        builder.gauge(
            "system.filesystem.utilization",
            "1",
            attributes.clone(),
            ratio(unavailable, self.total),
        );
        if let Some([total, free]) = self.inodes.filter(|[total, _]| *total > 0) {
            for (state, inodes) in [("used", total.saturating_sub(free)), ("free", free)] {
                builder.gauge("system.filesystem.inodes.usage", "{inode}", in_state(state), inodes as f64);
            }
            builder.gauge("system.filesystem.inodes.limit", "{inode}", attributes.clone(), total as f64);
        }
        if let Some(read_only) = self.read_only {
            builder.gauge("system.filesystem.read_only", "1", attributes, f64::from(u8::from(read_only)));
        }
    }
}

impl InterfaceCounters {
    /// Records the series.
    pub(crate) fn record(&self, builder: &mut MetricsBuilder) {
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
                builder.counter(name, unit, attributes, number as f64);
            }
        }
    }
}
