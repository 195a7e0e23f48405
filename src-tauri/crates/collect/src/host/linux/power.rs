//! Batteries and mains: `/sys/class/power_supply` (the kernel's `Documentation/ABI/testing/sysfs-class-power`).

use model::Attributes;

use super::{
    devices::{Form, Reading, add},
    files::{self, Kernel},
};

/// States of a battery as the kernel writes them and as they are told.
const STATES: [(&str, &str); 4] =
    [("Charging", "charging"), ("Discharging", "discharging"), ("Full", "full"), ("Not charging", "idle")];

/// Files of a battery: metric, unit, factor.
const FIGURES: [(&str, &str, &str, f64); 10] = [
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

pub(crate) fn look(kernel: &Kernel, readings: &mut Vec<Reading>) {
    for (name, path) in files::entries(&kernel.sys("class/power_supply")) {
        let kind = files::line(&path.join("type")).unwrap_or_default().to_ascii_lowercase();
        let supply = Attributes::new().with("hw.id", name.as_str()).with("hw.type", kind.as_str());
        add(readings, path.join("online"), |path| {
            Reading::gauge(path, "hw.power_supply.online", "1", 1.0, supply.clone())
        });
        for (file, metric, unit, factor) in FIGURES {
            add(readings, path.join(file), |path| Reading::gauge(path, metric, unit, factor, supply.clone()));
        }
        if path.join("status").exists() {
            for (wanted, state) in STATES {
                readings.push(Reading {
                    path: path.join("status"),
                    metric: "hw.status",
                    unit: "1",
                    attributes: supply.clone().with("hw.state", state),
                    form: Form::Is(wanted),
                    counts: false,
                });
            }
        }
    }
}
