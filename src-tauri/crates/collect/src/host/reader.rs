//! The reader of the machine's state: from the kernel on Linux, through `sysinfo` elsewhere.
//! Blocks.

use std::sync::Arc;

use config::{Host, HostCollectors, WatchedProcess};
use model::{Attributes, Resource, TelemetryBatch, Timestamp};

#[cfg(target_os = "linux")]
use super::linux::Machine;
use super::metrics_builder::MetricsBuilder;
#[cfg(not(target_os = "linux"))]
use super::portable::Machine;

/// The reader of the machine. Utilizations are measured between two readings.
pub(crate) struct HostReader {
    resource: Arc<Resource>,
    machine: Machine,
}

impl HostReader {
    pub(crate) fn new(host: String, settings: &Host, watched: &[WatchedProcess]) -> Self {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let attributes = Attributes::new()
            .with("service.name", "host")
            .with("host.name", host)
            .with("host.arch", std::env::consts::ARCH)
            .with("os.type", os);
        // Processes can be watched without the other collectors.
        let collectors = if settings.enabled { settings.collectors.clone() } else { HostCollectors::none() };
        Self {
            resource: Arc::new(Resource { attributes }),
            machine: Machine::new(collectors, settings.top_processes as usize, watched),
        }
    }

    /// Reads the metrics of the machine at `now`.
    pub(crate) fn read(&mut self, now: Timestamp) -> TelemetryBatch {
        let mut builder = MetricsBuilder::new(self.resource.clone(), now);
        self.machine.record(&mut builder, now);
        builder.batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_plausible_values() {
        let mut reader =
            HostReader::new("testhost".to_owned(), &Host { top_processes: 3, ..Host::default() }, &[]);
        let first = reader.read(Timestamp(1));
        assert!(first.series.iter().all(|(_, series)| series.name != "system.cpu.utilization"));
        // Utilization needs a tick of processor time between two readings.
        let second = (2..)
            .map(|time| reader.read(Timestamp(time)))
            .find(|batch| batch.series.iter().any(|(_, series)| series.name == "system.cpu.utilization"))
            .unwrap();
        let value_of = |name: &str| -> Vec<f64> {
            second
                .series
                .iter()
                .filter(|(_, series)| series.name == name)
                .map(|(id, _)| second.samples.iter().find(|sample| sample.series == *id).unwrap().value)
                .collect()
        };
        for name in ["system.cpu.utilization", "system.memory.utilization"] {
            assert_eq!(value_of(name).len(), 1, "{name}");
        }
        for (id, series) in &second.series {
            assert_eq!(series.resource.service(), "host");
            let value = second.samples.iter().find(|sample| sample.series == *id).unwrap().value;
            assert!(value.is_finite() && value >= 0.0, "{} is {value}", series.name);
            if series.name.ends_with("utilization") {
                assert!(value <= 1.0, "{} is {value}", series.name);
            }
        }
        let total = value_of("system.memory.limit")[0];
        assert!(total > 64e6 && value_of("system.memory.available")[0] <= total);
        assert!(!value_of("process.memory.usage").is_empty() && value_of("process.memory.usage").len() <= 6);
        assert!(value_of("system.process.count").iter().sum::<f64>() >= 1.0);
        assert_eq!(second.samples.len(), second.series.len());
        let distinct: std::collections::HashSet<_> = second.series.iter().map(|(id, _)| id).collect();
        assert_eq!(distinct.len(), second.series.len(), "no series twice");
    }
}
