//! The container around this program: control groups version 2 (the kernel's
//! `Documentation/admin-guide/cgroup-v2.rst`).

use model::Attributes;

use super::{
    collector::Reading,
    kernel_files::{self, KernelFiles},
};
use crate::host::metrics_builder::{MetricsBuilder, tag};

/// Records memory, processor time and throttling of the container.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    record_group(builder, reading.kernel);
}

/// Records the control group. From inside it looks like the root group, but only the group of a
/// container has limits.
fn record_group(builder: &mut MetricsBuilder, kernel: &KernelFiles) {
    let folder = kernel.sys("fs/cgroup");
    if kernel.read_proc("self/cgroup").trim() != "0::/" || !folder.join("memory.current").exists() {
        return;
    }
    for (file, metric) in [
        ("memory.current", "container.memory.usage"),
        // Contains the word "max" without a limit.
        ("memory.max", "container.memory.limit"),
    ] {
        if let Some(bytes) = kernel_files::number::<u64>(&folder.join(file)) {
            builder.gauge(metric, "By", Attributes::new(), bytes as f64);
        }
    }
    let statistics = kernel_files::text(&folder.join("cpu.stat")).unwrap_or_default();
    for line in statistics.lines() {
        let Some((name, microseconds)) = line.split_once(' ') else { continue };
        let (metric, attributes) = match name {
            "user_usec" => ("container.cpu.time", tag("cpu.mode", "user")),
            "system_usec" => ("container.cpu.time", tag("cpu.mode", "system")),
            "throttled_usec" => ("container.cpu.throttled_time", Attributes::new()),
            _ => continue,
        };
        if let Ok(microseconds) = microseconds.trim().parse::<u64>() {
            builder.counter(metric, "s", attributes, microseconds as f64 / 1e6);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn only_a_container_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = KernelFiles::recorded(folder.path());
        fs::create_dir_all(kernel.proc("self")).unwrap();
        fs::create_dir_all(kernel.sys("fs/cgroup")).unwrap();
        fs::write(kernel.proc("self/cgroup"), "0::/\n").unwrap();
        fs::write(kernel.sys("fs/cgroup/cpu.stat"), "user_usec 1500000\nthrottled_usec x\nbad\n").unwrap();
        assert!(recorded(|builder| record_group(builder, &kernel)).1.is_empty(), "the root of a machine");
        fs::write(kernel.sys("fs/cgroup/memory.current"), "4096\n").unwrap();
        fs::write(kernel.sys("fs/cgroup/memory.max"), "max\n").unwrap();
        let (_, values) = recorded(|builder| record_group(builder, &kernel));
        assert_eq!(values["container.memory.usage{}"], 4096.0);
        assert_eq!(values["container.cpu.time{cpu.mode=user}"], 1.5);
        assert_eq!(values.len(), 2);
    }
}
