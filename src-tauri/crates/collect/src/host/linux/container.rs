//! The limits of the container this program runs in, where it runs in one: control groups version 2 (the
//! kernel's `Documentation/admin-guide/cgroup-v2.rst`).

use model::Attributes;

use super::files::{self, Kernel};
use crate::host::telling::{Telling, tag};

/// Tells memory, processor time and throttling of the container. Its group looks like the root group from
/// inside, but has limits, which the root group of a machine has not.
pub(crate) fn tell(telling: &mut Telling, kernel: &Kernel) {
    let folder = kernel.sys("fs/cgroup");
    if kernel.read_proc("self/cgroup").trim() != "0::/" || !folder.join("memory.current").exists() {
        return;
    }
    for (file, metric) in [
        ("memory.current", "container.memory.usage"),
        // Holds the word "max" where there is no limit.
        ("memory.max", "container.memory.limit"),
    ] {
        if let Some(bytes) = files::number::<u64>(&folder.join(file)) {
            telling.gauge(metric, "By", Attributes::new(), bytes as f64);
        }
    }
    let statistics = files::text(&folder.join("cpu.stat")).unwrap_or_default();
    for line in statistics.lines() {
        let Some((name, microseconds)) = line.split_once(' ') else { continue };
        let (metric, attributes) = match name {
            "user_usec" => ("container.cpu.time", tag("cpu.mode", "user")),
            "system_usec" => ("container.cpu.time", tag("cpu.mode", "system")),
            "throttled_usec" => ("container.cpu.throttled_time", Attributes::new()),
            _ => continue,
        };
        if let Ok(microseconds) = microseconds.trim().parse::<u64>() {
            telling.counter(metric, "s", attributes, microseconds as f64 / 1e6);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::fixture::told;

    #[test]
    fn only_a_container_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = Kernel::recorded(folder.path());
        fs::create_dir_all(kernel.proc("self")).unwrap();
        fs::create_dir_all(kernel.sys("fs/cgroup")).unwrap();
        fs::write(kernel.proc("self/cgroup"), "0::/\n").unwrap();
        fs::write(kernel.sys("fs/cgroup/cpu.stat"), "user_usec 1500000\nthrottled_usec x\nbad\n").unwrap();
        assert!(told(|telling| tell(telling, &kernel)).1.is_empty(), "the root of a machine");
        fs::write(kernel.sys("fs/cgroup/memory.current"), "4096\n").unwrap();
        fs::write(kernel.sys("fs/cgroup/memory.max"), "max\n").unwrap();
        let (_, values) = told(|telling| tell(telling, &kernel));
        assert_eq!(values["container.memory.usage{}"], 4096.0);
        assert_eq!(values["container.cpu.time{cpu.mode=user}"], 1.5);
        assert_eq!(values.len(), 2);
    }
}
