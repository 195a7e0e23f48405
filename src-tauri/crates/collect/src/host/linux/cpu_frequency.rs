//! Frequency and throttling of processors: `/sys/devices/system/cpu` (the kernel's
//! `Documentation/admin-guide/pm/cpufreq.rst`).

use model::Attributes;

use super::{
    file_metrics::{FileMetric, add},
    kernel_files::{self, KernelFiles},
};

/// Finds the files of each processor.
pub(crate) fn discover(kernel: &KernelFiles, found: &mut Vec<FileMetric>) {
    for (name, path) in kernel_files::entries(&kernel.sys("devices/system/cpu")) {
        let Some(number) = name.strip_prefix("cpu").and_then(|number| number.parse::<i64>().ok()) else {
            continue;
        };
        let attributes = Attributes::new().with("cpu.logical_number", number);
        for (file, metric) in [
            ("cpufreq/scaling_cur_freq", "system.cpu.frequency"),
            ("cpufreq/scaling_max_freq", "system.linux.cpu.frequency.limit"),
        ] {
            add(found, path.join(file), |path| {
                FileMetric::gauge(path, metric, "Hz", 1000.0, attributes.clone())
            });
        }
        for (file, cause) in [("core_throttle_count", "core"), ("package_throttle_count", "package")] {
            add(found, path.join("thermal_throttle").join(file), |path| {
                let attributes = attributes.clone().with("system.linux.cpu.throttle", cause);
                FileMetric::gauge(path, "system.linux.cpu.throttles", "{event}", 1.0, attributes).counting()
            });
        }
    }
}
