//! Sockets, their queues, neighbours and tracked connections: `/proc/net/sockstat`,
//! `/proc/net/softnet_stat`, `/proc/net/udp`, `/proc/net/arp` and `/proc/net/stat/nf_conntrack`
//! (proc(5)).

use std::collections::BTreeMap;

use model::Attributes;

use super::{collector::Reading, kernel_files};
use crate::host::metrics_builder::{MetricsBuilder, tag};

/// Records sockets, queues, neighbours and tracked connections.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    let (kernel, page_bytes) = (reading.kernel, reading.units.page_bytes);
    record_sockets(builder, &kernel.read_proc("net/sockstat"), "ipv4", page_bytes);
    record_sockets(builder, &kernel.read_proc("net/sockstat6"), "ipv6", page_bytes);
    record_packets(builder, &kernel.read_proc("net/softnet_stat"));
    for (file, network) in [("net/udp", "ipv4"), ("net/udp6", "ipv6")] {
        record_queues(builder, &kernel.read_proc(file), network);
    }
    record_neighbours(builder, &kernel.read_proc("net/arp"));
    for (file, metric) in [
        ("sys/net/netfilter/nf_conntrack_count", "system.linux.conntrack.usage"),
        ("sys/net/netfilter/nf_conntrack_max", "system.linux.conntrack.limit"),
    ] {
        if let Some(count) = kernel_files::number::<u64>(&kernel.proc(file)) {
            builder.gauge(metric, "{connection}", Attributes::new(), count as f64);
        }
    }
    record_tracking(builder, &kernel.read_proc("net/stat/nf_conntrack"));
}

/// Records lines such as `TCP: inuse 1 orphan 0 tw 1 alloc 1 mem 207`. Memory is in pages, but for
/// fragments.
fn record_sockets(builder: &mut MetricsBuilder, text: &str, network: &str, page_bytes: u64) {
    for line in text.lines() {
        let Some((protocol, rest)) = line.split_once(':') else { continue };
        let protocol = protocol.trim_end_matches('6').to_ascii_lowercase();
        let mut words = rest.split_ascii_whitespace();
        while let (Some(state), Some(value)) = (words.next(), words.next()) {
            let Ok(value) = value.parse::<u64>() else { continue };
            if protocol == "sockets" {
                builder.gauge("system.linux.sockets.used", "{socket}", Attributes::new(), value as f64);
                continue;
            }
            let attributes = tag("network.transport", &protocol).with("network.type", network);
            if state == "mem" || state == "memory" {
                let bytes = value.saturating_mul(if state == "mem" { page_bytes } else { 1 });
                builder.gauge("system.linux.sockets.memory", "By", attributes, bytes as f64);
            } else {
                let attributes = attributes.with("system.linux.socket.state", state_name(state));
                builder.gauge("system.linux.sockets.count", "{socket}", attributes, value as f64);
            }
        }
    }
}

fn state_name(state: &str) -> &str {
    match state {
        "inuse" => "in_use",
        "tw" => "time_wait",
        "alloc" => "allocated",
        other => other,
    }
}

/// Records the packets that each processor took from the network cards, in hexadecimal columns.
fn record_packets(builder: &mut MetricsBuilder, text: &str) {
    const COLUMNS: [(&str, &str); 3] = [
        ("system.linux.softnet.processed", "{packet}"),
        ("system.linux.softnet.dropped", "{packet}"),
        ("system.linux.softnet.squeezed", "{event}"),
    ];
    for (row, line) in (0_i64..).zip(text.lines()) {
        let columns: Option<Vec<u64>> =
            line.split_ascii_whitespace().map(|word| u64::from_str_radix(word, 16).ok()).collect();
        let Some(columns) = columns.filter(|columns| columns.len() >= COLUMNS.len()) else { continue };
        // Newer kernels write the number of the processor and skip offline ones.
        let number = columns.get(12).map_or(row, |number| i64::try_from(*number).unwrap_or(row));
        for ((metric, unit), value) in COLUMNS.into_iter().zip(columns) {
            let attributes = Attributes::new().with("cpu.logical_number", number);
            builder.counter(metric, unit, attributes, value as f64);
        }
    }
}

/// Records bytes queued in UDP sockets; the fifth column is `transmit:receive` in hexadecimal.
fn record_queues(builder: &mut MetricsBuilder, text: &str, network: &str) {
    let Some(header) = text.lines().next().filter(|header| header.contains("tx_queue")) else { return };
    let lines = text.lines().skip(usize::from(!header.is_empty()));
    let mut waiting = [0_u64; 2];
    for line in lines {
        let queues = line.split_ascii_whitespace().nth(4).and_then(|word| word.split_once(':'));
        let Some((transmit, receive)) = queues else { continue };
        for (sum, word) in waiting.iter_mut().zip([transmit, receive]) {
            *sum = sum.saturating_add(u64::from_str_radix(word, 16).unwrap_or(0));
        }
    }
    for (direction, bytes) in ["transmit", "receive"].into_iter().zip(waiting) {
        let attributes = tag("network.io.direction", direction).with("network.type", network);
        builder.gauge("system.linux.udp.queue_length", "By", attributes, bytes as f64);
    }
}

/// Records neighbours by interface, the last column.
fn record_neighbours(builder: &mut MetricsBuilder, text: &str) {
    let mut by_interface: BTreeMap<&str, u64> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut words = line.split_ascii_whitespace();
        if let (Some(_), Some(interface)) = (words.next(), words.nth(4)) {
            *by_interface.entry(interface).or_default() += 1;
        }
    }
    for (interface, count) in by_interface {
        let attributes = tag("network.interface.name", interface);
        builder.gauge("system.linux.arp.entries", "{entry}", attributes, count as f64);
    }
}

/// Records the events of connection tracking: names, then a row of hexadecimal numbers per
/// processor.
fn record_tracking(builder: &mut MetricsBuilder, text: &str) {
    const EVENTS: [&str; 7] =
        ["found", "invalid", "insert_failed", "drop", "early_drop", "icmp_error", "search_restart"];
    let mut lines = text.lines();
    let Some(names) = lines.next().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>()) else {
        return;
    };
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for line in lines {
        for (name, word) in names.iter().zip(line.split_ascii_whitespace()) {
            if EVENTS.contains(name)
                && let Ok(number) = u64::from_str_radix(word, 16)
            {
                let sum = sums.entry(name).or_default();
                *sum = sum.saturating_add(number);
            }
        }
    }
    for (name, sum) in sums {
        builder.counter(
            "system.linux.conntrack.events",
            "{event}",
            tag("system.linux.conntrack.event", name),
            sum as f64,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn sockets_are_recorded_by_protocol() {
        let text = "sockets: used 20\nTCP: inuse 1 orphan 0 tw 2 alloc 3 mem 207\nFRAG: inuse 0 memory 5\nRAW: inuse\nX\n";
        let (_, values) = recorded(|builder| record_sockets(builder, text, "ipv4", 4096));
        assert_eq!(values["system.linux.sockets.used{}"], 20.0);
        assert_eq!(
            values["system.linux.sockets.count{network.transport=tcp,network.type=ipv4,system.linux.socket.state=time_wait}"],
            2.0
        );
        assert_eq!(
            values["system.linux.sockets.memory{network.transport=tcp,network.type=ipv4}"],
            207.0 * 4096.0
        );
        assert_eq!(values["system.linux.sockets.memory{network.transport=frag,network.type=ipv4}"], 5.0);
    }

    #[test]
    fn packets_queues_neighbours_and_tracking_are_recorded() {
        let packets = "000ccbe5 00000001 00000002 0 0 0 0 0 0 0 0 0 00000005 0 0\nnot hex\n0a 1 2\n";
        let (_, values) = recorded(|builder| record_packets(builder, packets));
        assert_eq!(values["system.linux.softnet.processed{cpu.logical_number=5}"], f64::from(0x000c_cbe5));
        assert_eq!(values["system.linux.softnet.squeezed{cpu.logical_number=2}"], 2.0);
        let queues = "  sl  local_address rem_address   st tx_queue rx_queue tr\n 1: 0:1 0:0 07 00000010:00000100 00:0\n 2: 0:1 0:0 07 00000001:0000000F 00:0\n bad\n";
        let (_, values) = recorded(|builder| record_queues(builder, queues, "ipv4"));
        assert_eq!(
            values["system.linux.udp.queue_length{network.io.direction=transmit,network.type=ipv4}"],
            17.0
        );
        assert_eq!(
            values["system.linux.udp.queue_length{network.io.direction=receive,network.type=ipv4}"],
            271.0
        );
        let neighbours = "IP address HW type Flags HW address Mask Device\n10.0.0.1 0x1 0x2 aa * eth0\n10.0.0.2 0x1 0x2 ab * eth0\nbad\n";
        let (_, values) = recorded(|builder| record_neighbours(builder, neighbours));
        assert_eq!(values["system.linux.arp.entries{network.interface.name=eth0}"], 2.0);
        let tracking = "entries found drop\n00000007 00000001 0000000a\n00000007 00000002 zz\n";
        let (_, values) = recorded(|builder| record_tracking(builder, tracking));
        assert_eq!(values["system.linux.conntrack.events{system.linux.conntrack.event=found}"], 3.0);
        assert_eq!(values["system.linux.conntrack.events{system.linux.conntrack.event=drop}"], 10.0);
        for garbage in ["", "\u{fffd}", ":\n:", "a b c d e f g\n\n"] {
            recorded(|builder| {
                record_sockets(builder, garbage, "ipv4", 1);
                record_packets(builder, garbage);
                record_queues(builder, garbage, "ipv4");
                record_neighbours(builder, garbage);
                record_tracking(builder, garbage);
            });
        }
    }
}
