//! Network interfaces: `/proc/net/dev` (proc(5)).

use super::{
    collector::Reading,
    file_metrics::{FileMetric, ValueFormat},
    kernel_files::{self, KernelFiles},
};
use crate::host::{
    metrics::InterfaceCounters,
    metrics_builder::{MetricsBuilder, tag},
};

/// Prefixes of interfaces of containers. They come and go, and each would add dozens of series.
const SHORT_LIVED: [&str; 4] = ["veth", "cali", "lxc", "tap"];

/// Columns of error causes: column, direction, cause.
const CAUSES: [(usize, &str, &str); 5] = [
    (4, "receive", "fifo"),
    (5, "receive", "frame"),
    (12, "transmit", "fifo"),
    (13, "transmit", "collision"),
    (14, "transmit", "carrier"),
];

/// Returns true for an interface that is not short-lived.
fn is_recorded(name: &str) -> bool {
    !SHORT_LIVED.iter().any(|prefix| name.starts_with(prefix))
}

/// Parses `/proc/net/dev`; returns interfaces with traffic and their sixteen columns.
fn parse(text: &str) -> Vec<(InterfaceCounters, [u64; 16])> {
    text.lines()
        .filter_map(|line| {
            let (name, numbers) = line.split_once(':')?;
            let mut numbers = numbers.split_ascii_whitespace();
            let mut columns = [0; 16];
            for column in &mut columns {
                *column = numbers.next()?.parse().ok()?;
            }
            let interface = InterfaceCounters {
                name: name.trim().to_owned(),
                bytes: [columns[0], columns[8]],
                packets: [columns[1], columns[9]],
                errors: [columns[2], columns[10]],
                dropped: Some([columns[3], columns[11]]),
            };
            (interface.bytes != [0, 0] && is_recorded(&interface.name)).then_some((interface, columns))
        })
        .collect()
}

/// Records interfaces.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    record_text(builder, &reading.kernel.read_proc("net/dev"));
}

/// Records interfaces; causes of errors only once they occur.
fn record_text(builder: &mut MetricsBuilder, text: &str) {
    for (interface, columns) in parse(text) {
        interface.record(builder);
        let device = tag("network.interface.name", &interface.name);
        for (column, direction, cause) in CAUSES {
            if columns[column] > 0 {
                let attributes =
                    device.clone().with("network.io.direction", direction).with("error.type", cause);
                let value = columns[column] as f64;
                builder.counter("system.linux.network.error_causes", "{error}", attributes, value);
            }
        }
        builder.counter("system.linux.network.multicast", "{packet}", device, columns[7] as f64);
    }
}

/// Finds the files of each interface in `/sys/class/net`.
pub(crate) fn discover(kernel: &KernelFiles, found: &mut Vec<FileMetric>) {
    for (name, path) in kernel_files::entries(&kernel.sys("class/net")) {
        if !is_recorded(&name) {
            continue;
        }
        let device = || tag("network.interface.name", &name);
        found.push(FileMetric {
            path: path.join("operstate"),
            metric: "hw.network.up",
            unit: "1",
            attributes: device(),
            format: ValueFormat::Equals("up"),
            counts: false,
        });
        for (file, metric, unit, factor, counts) in [
            ("carrier", "system.linux.network.carrier", "1", 1.0, false),
            ("carrier_changes", "system.linux.network.carrier_changes", "{change}", 1.0, true),
            ("mtu", "system.linux.network.mtu", "By", 1.0, false),
            ("tx_queue_len", "system.linux.network.transmit_queue.limit", "{packet}", 1.0, false),
        ] {
            let metric_of_file = FileMetric::gauge(path.join(file), metric, unit, factor, device());
            found.push(FileMetric { counts, ..metric_of_file });
        }
        // In megabits a second; -1 if unknown.
        if kernel_files::number::<i64>(&path.join("speed")).is_some_and(|speed| speed > 0) {
            let limit = "hw.network.bandwidth.limit";
            found.push(FileMetric::gauge(path.join("speed"), limit, "By/s", 125_000.0, device()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn interfaces_with_traffic_are_recorded() {
        let text = "Inter-| Receive | Transmit\n face |bytes packets\n  lo: 1 2 3 4 0 9 0 11 5 6 7 8 0 0 0 0\neth1:0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n\
                    veth1: 1 2 3 4 0 9 0 11 5 6 7 8 0 0 0 0\nx: 1 2\ny: a 2 3 4 0 9 0 11 5 6 7 8 0 0 0 0\n";
        let (_, values) = recorded(|builder| record_text(builder, text));
        assert_eq!(values["system.network.io{network.interface.name=lo,network.io.direction=transmit}"], 5.0);
        assert_eq!(
            values["system.network.packet.dropped{network.interface.name=lo,network.io.direction=receive}"],
            4.0
        );
        assert_eq!(
            values["system.linux.network.error_causes{error.type=frame,network.interface.name=lo,network.io.direction=receive}"],
            9.0
        );
        assert_eq!(values["system.linux.network.multicast{network.interface.name=lo}"], 11.0);
        assert_eq!(values.len(), 10);
    }
}
