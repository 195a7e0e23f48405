//! Numbers that lie in files of `/sys`, one each: where they are is looked for now and then, and after that only
//! the files themselves are read.

use std::path::{Path, PathBuf};

use config::HostCollectors;
use model::{Attributes, NANOS_PER_SECOND, Timestamp};

use super::{files, files::Kernel, power, sensors};
use crate::host::telling::Telling;

/// How often devices that came and went are looked for.
const LOOK_EVERY: i64 = 60 * NANOS_PER_SECOND;

/// How the text of a file becomes a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// A number, times a factor.
    Times(f64),
    /// 1 if the text is this one, else 0.
    Is(&'static str),
}

/// A file and the series it is told as.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    pub(crate) path: PathBuf,
    pub(crate) metric: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) attributes: Attributes,
    pub(crate) form: Form,
    pub(crate) counts: bool,
}

impl Reading {
    /// A number that goes up and down.
    pub(crate) fn gauge(
        path: PathBuf,
        metric: &'static str,
        unit: &'static str,
        factor: f64,
        attributes: Attributes,
    ) -> Self {
        Self { path, metric, unit, attributes, form: Form::Times(factor), counts: false }
    }

    /// The same as a running total.
    pub(crate) fn counting(self) -> Self {
        Self { counts: true, ..self }
    }

    fn value(&self) -> Option<f64> {
        let text = files::line(&self.path)?;
        match self.form {
            Form::Times(factor) => text.parse::<f64>().ok().map(|value| value * factor),
            Form::Is(wanted) => Some(f64::from(u8::from(text == wanted))),
        }
        .filter(|value| value.is_finite())
    }
}

/// The devices of this machine that tell something.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    readings: Vec<Reading>,
    looked: Option<Timestamp>,
}

impl Devices {
    pub(crate) fn tell(
        &mut self,
        telling: &mut Telling,
        kernel: &Kernel,
        collectors: &HostCollectors,
        now: Timestamp,
    ) {
        let is_due = self.looked.is_none_or(|looked| (now.0.saturating_sub(looked.0)).abs() >= LOOK_EVERY);
        if is_due {
            self.looked = Some(now);
            self.readings = look(kernel, collectors);
        }
        for reading in &self.readings {
            if let Some(value) = reading.value() {
                let (metric, unit, attributes) = (reading.metric, reading.unit, reading.attributes.clone());
                if reading.counts {
                    telling.counter(metric, unit, attributes, value);
                } else {
                    telling.gauge(metric, unit, attributes, value);
                }
            }
        }
    }
}

/// Everything that tells something now.
fn look(kernel: &Kernel, collectors: &HostCollectors) -> Vec<Reading> {
    let mut readings = Vec::new();
    if collectors.cpu {
        frequencies(kernel, &mut readings);
    }
    if collectors.network {
        interfaces(kernel, &mut readings);
        bonds(kernel, &mut readings);
    }
    if collectors.sensors {
        sensors::look(kernel, &mut readings);
    }
    if collectors.power {
        power::look(kernel, &mut readings);
    }
    if collectors.filesystem {
        pools(kernel, &mut readings);
    }
    readings
}

fn frequencies(kernel: &Kernel, readings: &mut Vec<Reading>) {
    for (name, path) in files::entries(&kernel.sys("devices/system/cpu")) {
        let Some(number) = name.strip_prefix("cpu").and_then(|number| number.parse::<i64>().ok()) else {
            continue;
        };
        let attributes = Attributes::new().with("cpu.logical_number", number);
        for (file, metric) in [
            ("cpufreq/scaling_cur_freq", "system.cpu.frequency"),
            ("cpufreq/scaling_max_freq", "system.linux.cpu.frequency.limit"),
        ] {
            add(readings, path.join(file), |path| {
                Reading::gauge(path, metric, "Hz", 1000.0, attributes.clone())
            });
        }
        for (file, cause) in [("core_throttle_count", "core"), ("package_throttle_count", "package")] {
            add(readings, path.join("thermal_throttle").join(file), |path| {
                let attributes = attributes.clone().with("system.linux.cpu.throttle", cause);
                Reading::gauge(path, "system.linux.cpu.throttles", "{event}", 1.0, attributes).counting()
            });
        }
    }
}

fn interfaces(kernel: &Kernel, readings: &mut Vec<Reading>) {
    for (name, path) in files::entries(&kernel.sys("class/net")) {
        if !super::network::is_told(&name) {
            continue;
        }
        let device = || Attributes::new().with("network.interface.name", name.as_str());
        readings.push(Reading {
            path: path.join("operstate"),
            metric: "hw.network.up",
            unit: "1",
            attributes: device(),
            form: Form::Is("up"),
            counts: false,
        });
        for (file, metric, unit, factor, counts) in [
            ("carrier", "system.linux.network.carrier", "1", 1.0, false),
            ("carrier_changes", "system.linux.network.carrier_changes", "{change}", 1.0, true),
            ("mtu", "system.linux.network.mtu", "By", 1.0, false),
            ("tx_queue_len", "system.linux.network.transmit_queue.limit", "{packet}", 1.0, false),
        ] {
            let reading = Reading::gauge(path.join(file), metric, unit, factor, device());
            readings.push(Reading { counts, ..reading });
        }
        // In megabits a second, and -1 where it is not known.
        if files::number::<i64>(&path.join("speed")).is_some_and(|speed| speed > 0) {
            let limit = "hw.network.bandwidth.limit";
            readings.push(Reading::gauge(path.join("speed"), limit, "By/s", 125_000.0, device()));
        }
    }
}

/// Bonded interfaces and which of their parts carry traffic.
fn bonds(kernel: &Kernel, readings: &mut Vec<Reading>) {
    let masters = files::line(&kernel.sys("class/net/bonding_masters")).unwrap_or_default();
    for master in masters.split_ascii_whitespace().filter(|name| !name.contains(['/', '.'])) {
        let folder = kernel.sys("class/net").join(master);
        for part in files::line(&folder.join("bonding/slaves")).unwrap_or_default().split_ascii_whitespace() {
            let path = folder.join(format!("lower_{part}/bonding_slave/mii_status"));
            readings.push(Reading {
                path,
                metric: "system.linux.bonding.up",
                unit: "1",
                attributes: Attributes::new()
                    .with("network.interface.name", part)
                    .with("system.linux.bonding.master", master),
                form: Form::Is("up"),
                counts: false,
            });
        }
    }
}

/// Space of Btrfs pools by what it is for, and errors of their devices.
fn pools(kernel: &Kernel, readings: &mut Vec<Reading>) {
    for (id, path) in files::entries(&kernel.sys("fs/btrfs")) {
        for purpose in ["data", "metadata", "system"] {
            let folder = path.join("allocation").join(purpose);
            for (file, metric) in
                [("bytes_used", "system.linux.btrfs.usage"), ("total_bytes", "system.linux.btrfs.limit")]
            {
                add(readings, folder.join(file), |path| {
                    let attributes = Attributes::new()
                        .with("system.linux.btrfs.id", id.as_str())
                        .with("system.linux.btrfs.purpose", purpose);
                    Reading::gauge(path, metric, "By", 1.0, attributes)
                });
            }
        }
    }
}

/// Adds a reading if its file is there.
pub(crate) fn add(readings: &mut Vec<Reading>, path: PathBuf, make: impl FnOnce(PathBuf) -> Reading) {
    if Path::exists(&path) {
        readings.push(make(path));
    }
}
