//! Temperatures, fans, voltages, power and memory errors: `/sys/class/hwmon`, `/sys/class/thermal`,
//! `/sys/class/powercap` and `/sys/devices/system/edac` (the kernel's
//! `Documentation/hwmon/sysfs-interface.rst`, `Documentation/driver-api/thermal/sysfs-api.rst`).
//! Names follow OpenTelemetry's conventions for hardware.

use std::path::Path;

use model::Attributes;

use super::{
    file_metrics::{FileMetric, add},
    kernel_files::{self, KernelFiles},
};

/// Kinds of sensors of a hwmon chip: prefix of the file, metric, unit, factor, true for a counter.
const KINDS: [(&str, &str, &str, f64, bool); 7] = [
    ("temp", "hw.temperature", "Cel", 1e-3, false),
    ("fan", "hw.fan.speed", "rpm", 1.0, false),
    ("in", "hw.voltage", "V", 1e-3, false),
    ("curr", "hw.current", "A", 1e-3, false),
    ("power", "hw.power", "W", 1e-6, false),
    ("energy", "hw.energy", "J", 1e-6, true),
    ("humidity", "hw.humidity", "1", 1e-5, false),
];

/// Finds the files of sensors.
pub(crate) fn discover(kernel: &KernelFiles, found: &mut Vec<FileMetric>) {
    for (chip, path) in kernel_files::entries(&kernel.sys("class/hwmon")) {
        chip_sensors(&chip, &path, found);
    }
    for (zone, path) in kernel_files::entries(&kernel.sys("class/thermal")) {
        if !zone.starts_with("thermal_zone") {
            continue;
        }
        let kind = kernel_files::line(&path.join("type")).unwrap_or_default();
        add(found, path.join("temp"), |path| {
            let attributes = Attributes::new().with("hw.id", zone.as_str()).with("hw.name", kind);
            FileMetric::gauge(path, "hw.temperature", "Cel", 1e-3, attributes)
        });
    }
    for (domain, path) in kernel_files::entries(&kernel.sys("class/powercap")) {
        let Some(name) = kernel_files::line(&path.join("name")) else { continue };
        add(found, path.join("energy_uj"), |path| {
            let attributes = Attributes::new().with("hw.id", domain.as_str()).with("hw.name", name);
            FileMetric::gauge(path, "hw.energy", "J", 1e-6, attributes).counting()
        });
    }
    for (controller, path) in kernel_files::entries(&kernel.sys("devices/system/edac/mc")) {
        for (file, kind) in [("ce_count", "corrected"), ("ue_count", "uncorrected")] {
            add(found, path.join(file), |path| {
                let attributes = Attributes::new()
                    .with("hw.id", controller.as_str())
                    .with("hw.type", "memory")
                    .with("error.type", kind);
                FileMetric::gauge(path, "hw.errors", "{error}", 1.0, attributes).counting()
            });
        }
    }
}

/// Finds the sensors of one chip: files such as `temp1_input`, labelled by `temp1_label`, with
/// limits such as `temp1_crit`.
fn chip_sensors(chip: &str, path: &Path, found: &mut Vec<FileMetric>) {
    // Older drivers have their files in the folder of the device.
    let folder = if path.join("name").exists() { path.to_owned() } else { path.join("device") };
    let parent = kernel_files::line(&folder.join("name")).unwrap_or_else(|| chip.to_owned());
    for (file, path) in kernel_files::entries(&folder) {
        let Some(sensor) = file.strip_suffix("_input").or_else(|| file.strip_suffix("_average")) else {
            continue;
        };
        let Some((_, metric, unit, factor, counts)) = KINDS.into_iter().find(|(prefix, ..)| {
            sensor.strip_prefix(prefix).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        }) else {
            continue;
        };
        if file.ends_with("_average") && folder.join(format!("{sensor}_input")).exists() {
            continue;
        }
        let label = kernel_files::line(&folder.join(format!("{sensor}_label")));
        let attributes = Attributes::new()
            .with("hw.id", format!("{chip}_{sensor}"))
            .with("hw.parent", parent.as_str())
            .with("hw.name", label.unwrap_or_else(|| sensor.to_owned()));
        let metric_of_file = FileMetric::gauge(path, metric, unit, factor, attributes.clone());
        found.push(FileMetric { counts, ..metric_of_file });
        for (limit, name) in [("max", "high.degraded"), ("crit", "high.critical")] {
            if metric == "hw.temperature" {
                add(found, folder.join(format!("{sensor}_{limit}")), |path| {
                    let attributes = attributes.clone().with("hw.limit_type", name);
                    FileMetric::gauge(path, "hw.temperature.limit", unit, factor, attributes)
                });
            }
        }
    }
}
