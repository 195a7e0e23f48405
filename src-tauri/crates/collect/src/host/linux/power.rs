//! Batteries and mains: `/sys/class/power_supply` (the kernel's
//! `Documentation/ABI/testing/sysfs-class-power`).

use model::Attributes;

use super::{
    file_metrics::{FileMetric, ValueFormat, add},
    kernel_files::{self, KernelFiles},
};

/// States of a battery in the kernel and in the metric.
const STATES: [(&str, &str); 4] =
    [("Charging", "charging"), ("Discharging", "discharging"), ("Full", "full"), ("Not charging", "idle")];

/// Files of a battery: metric, unit, factor.
const FILES: [(&str, &str, &str, f64); 10] = [
    ("capacity", "hw.battery.charge", "1", 0.01),
    ("energy_now", "hw.battery.energy", "J", 3.6e-3),
    ("energy_full", "hw.battery.energy.limit", "J", 3.6e-3),
    ("charge_now", "hw.battery.charge_amount", "C", 3.6e-3),
    ("charge_full", "hw.battery.charge_amount.limit", "C", 3.6e-3),
    ("power_now", "hw.power", "W", 1e-6),
    ("current_now", "hw.current", "A", 1e-6),
    ("voltage_now", "hw.voltage", "V", 1e-6),
    ("temp", "hw.temperature", "Cel", 0.1),
    ("cycle_count", "hw.battery.cycles", "{cycle}", 1.0),
];

/// Finds the files of batteries and mains.
pub(crate) fn discover(kernel: &KernelFiles, found: &mut Vec<FileMetric>) {
    for (name, path) in kernel_files::entries(&kernel.sys("class/power_supply")) {
        let kind = kernel_files::line(&path.join("type")).unwrap_or_default().to_ascii_lowercase();
        let supply = Attributes::new().with("hw.id", name.as_str()).with("hw.type", kind.as_str());
        add(found, path.join("online"), |path| {
            FileMetric::gauge(path, "hw.power_supply.online", "1", 1.0, supply.clone())
        });
        for (file, metric, unit, factor) in FILES {
            add(found, path.join(file), |path| FileMetric::gauge(path, metric, unit, factor, supply.clone()));
        }
        if path.join("status").exists() {
            for (wanted, state) in STATES {
                found.push(FileMetric {
                    path: path.join("status"),
                    metric: "hw.status",
                    unit: "1",
                    attributes: supply.clone().with("hw.state", state),
                    format: ValueFormat::Equals(wanted),
                    counts: false,
                });
            }
        }
    }
}
