//! Counters of the network protocols: `/proc/net/snmp`, `/proc/net/netstat` and `/proc/net/snmp6`
//! (the kernel's `Documentation/networking/snmp_counter.rst`).

use std::collections::HashMap;

use model::Attributes;

use super::collector::Reading;
use crate::host::metrics_builder::{MetricsBuilder, tag};

/// The metric of one counter: group and name in the kernel, metric, unit, and one attribute.
struct ProtocolMetric {
    group: &'static str,
    name: &'static str,
    metric: &'static str,
    unit: &'static str,
    attribute: Option<(&'static str, &'static str)>,
    counts: bool,
}

const fn counter(
    group: &'static str,
    name: &'static str,
    metric: &'static str,
    unit: &'static str,
    attribute: Option<(&'static str, &'static str)>,
) -> ProtocolMetric {
    ProtocolMetric { group, name, metric, unit, attribute, counts: true }
}

const RECEIVE: Option<(&str, &str)> = Some(("network.io.direction", "receive"));
const TRANSMIT: Option<(&str, &str)> = Some(("network.io.direction", "transmit"));

const fn cause(name: &'static str) -> Option<(&'static str, &'static str)> {
    Some(("error.type", name))
}

const fn kind(name: &'static str) -> Option<(&'static str, &'static str)> {
    Some(("system.network.tcp.kind", name))
}

/// Metrics of TCP and of IPv4 as a whole.
const METRICS: &[ProtocolMetric] = &[
    counter("Tcp", "InSegs", "system.network.tcp.segments", "{segment}", RECEIVE),
    counter("Tcp", "OutSegs", "system.network.tcp.segments", "{segment}", TRANSMIT),
    counter("Tcp", "RetransSegs", "system.network.tcp.retransmits", "{segment}", None),
    counter("Tcp", "InErrs", "system.network.tcp.errors", "{error}", None),
    counter("Tcp", "OutRsts", "system.network.tcp.resets", "{segment}", None),
    counter("Tcp", "ActiveOpens", "system.network.tcp.opened", "{connection}", kind("active")),
    counter("Tcp", "PassiveOpens", "system.network.tcp.opened", "{connection}", kind("passive")),
    counter("Tcp", "AttemptFails", "system.network.tcp.failed", "{connection}", kind("attempt")),
    counter("Tcp", "EstabResets", "system.network.tcp.failed", "{connection}", kind("established")),
    ProtocolMetric {
        group: "Tcp",
        name: "CurrEstab",
        metric: "system.network.connection.count",
        unit: "{connection}",
        attribute: Some(("network.connection.state", "established")),
        counts: false,
    },
    counter("TcpExt", "ListenDrops", "system.network.tcp.listen.drops", "{connection}", None),
    counter("TcpExt", "ListenOverflows", "system.network.tcp.listen.overflows", "{connection}", None),
    counter("TcpExt", "SyncookiesSent", "system.network.tcp.syn_cookies", "{cookie}", kind("sent")),
    counter("TcpExt", "SyncookiesRecv", "system.network.tcp.syn_cookies", "{cookie}", kind("received")),
    counter("TcpExt", "SyncookiesFailed", "system.network.tcp.syn_cookies", "{cookie}", kind("failed")),
    counter("TcpExt", "TCPSynRetrans", "system.network.tcp.syn_retransmits", "{segment}", None),
    counter("TcpExt", "TCPTimeouts", "system.network.tcp.timeouts", "{timeout}", None),
    counter("TcpExt", "TCPRcvQDrop", "system.network.tcp.queue_drops", "{segment}", kind("receive")),
    counter("TcpExt", "TCPOFOQueue", "system.network.tcp.out_of_order", "{segment}", None),
    counter("IpExt", "InOctets", "system.network.ip.io", "By", RECEIVE),
    counter("IpExt", "OutOctets", "system.network.ip.io", "By", TRANSMIT),
    ProtocolMetric {
        group: "Ip",
        name: "Forwarding",
        metric: "system.network.ip.forwarding",
        unit: "1",
        attribute: None,
        counts: false,
    },
];

/// Metrics of the protocols that IPv4 and IPv6 count separately, by the names of IPv4.
const METRICS_BY_VERSION: &[ProtocolMetric] = &[
    counter("Udp", "InDatagrams", "system.network.udp.datagrams", "{datagram}", RECEIVE),
    counter("Udp", "OutDatagrams", "system.network.udp.datagrams", "{datagram}", TRANSMIT),
    counter("Udp", "InErrors", "system.network.udp.errors", "{error}", cause("receive")),
    counter("Udp", "NoPorts", "system.network.udp.errors", "{error}", cause("no_port")),
    counter("Udp", "RcvbufErrors", "system.network.udp.errors", "{error}", cause("receive_buffer")),
    counter("Udp", "SndbufErrors", "system.network.udp.errors", "{error}", cause("send_buffer")),
    counter("UdpLite", "InErrors", "system.network.udp_lite.errors", "{error}", cause("receive")),
    counter("Icmp", "InMsgs", "system.network.icmp.messages", "{message}", RECEIVE),
    counter("Icmp", "OutMsgs", "system.network.icmp.messages", "{message}", TRANSMIT),
    counter("Icmp", "InErrors", "system.network.icmp.errors", "{error}", None),
];

/// Parses pairs of lines, one with names and one with numbers, by group and name.
fn parse(text: &str) -> HashMap<(&str, &str), i64> {
    let mut counters = HashMap::new();
    let mut lines = text.lines();
    while let Some(names) = lines.next() {
        let Some((group, names)) = names.split_once(':') else { continue };
        let Some((same, numbers)) = lines.next().and_then(|line| line.split_once(':')) else { break };
        if same != group {
            continue;
        }
        for (name, number) in names.split_ascii_whitespace().zip(numbers.split_ascii_whitespace()) {
            if let Ok(number) = number.parse() {
                counters.insert((group, name), number);
            }
        }
    }
    counters
}

/// Parses `/proc/net/snmp6`: a name such as `Udp6InErrors` and its number per line.
fn parse_six(text: &str) -> HashMap<&str, i64> {
    text.lines()
        .filter_map(|line| {
            let (name, number) = line.split_once([' ', '\t'])?;
            Some((name, number.trim().parse().ok()?))
        })
        .collect()
}

/// Records the protocols.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    let read = |file| reading.kernel.read_proc(file);
    record_texts(builder, &read("net/snmp"), &read("net/netstat"), &read("net/snmp6"));
}

/// Records the protocols from the texts of the three files.
fn record_texts(builder: &mut MetricsBuilder, snmp: &str, netstat: &str, six: &str) {
    let mut four = parse(snmp);
    four.extend(parse(netstat));
    let six = parse_six(six);
    for metric in METRICS {
        if let Some(value) = four.get(&(metric.group, metric.name)) {
            // The kernel writes 1 for "yes" and 2 for "no".
            let value = if metric.name == "Forwarding" { i64::from(*value == 1) } else { *value };
            metric.record(builder, Attributes::new(), value);
        }
    }
    for metric in METRICS_BY_VERSION {
        if let Some(value) = four.get(&(metric.group, metric.name)) {
            metric.record(builder, tag("network.type", "ipv4"), *value);
        }
        if let Some(value) = six.get(format!("{}6{}", metric.group, metric.name).as_str()) {
            metric.record(builder, tag("network.type", "ipv6"), *value);
        }
    }
    for (name, direction) in [("Ip6InOctets", "receive"), ("Ip6OutOctets", "transmit")] {
        if let Some(value) = six.get(name) {
            let attributes = tag("network.io.direction", direction).with("network.type", "ipv6");
            builder.counter("system.network.ip6.io", "By", attributes, *value as f64);
        }
    }
}

impl ProtocolMetric {
    fn record(&self, builder: &mut MetricsBuilder, mut attributes: Attributes, value: i64) {
        if let Some((key, value)) = self.attribute {
            attributes = attributes.with(key, value);
        }
        if self.metric == "system.network.connection.count" {
            attributes = attributes.with("network.transport", "tcp");
        }
        if self.counts {
            builder.counter(self.metric, self.unit, attributes, value as f64);
        } else {
            builder.gauge(self.metric, self.unit, attributes, value as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn protocols_are_recorded_by_name() {
        let snmp = "Ip: Forwarding DefaultTTL\nIp: 2 64\nTcp: RtoMin MaxConn CurrEstab RetransSegs\nTcp: 200 -1 7 9\nUdp: InErrors\nUdp: 3\n";
        let netstat = "TcpExt: ListenDrops TCPTimeouts Unheard\nTcpExt: 4 5 6\n";
        let (_, values) =
            recorded(|builder| record_texts(builder, snmp, netstat, "Udp6InErrors \t 8\nIp6InOctets 12\n"));
        for (series, value) in [
            (
                "system.network.connection.count{network.connection.state=established,network.transport=tcp}",
                7.0,
            ),
            ("system.network.tcp.retransmits{}", 9.0),
            ("system.network.tcp.listen.drops{}", 4.0),
            ("system.network.udp.errors{error.type=receive,network.type=ipv4}", 3.0),
            ("system.network.udp.errors{error.type=receive,network.type=ipv6}", 8.0),
            ("system.network.ip.forwarding{}", 0.0),
            ("system.network.ip6.io{network.io.direction=receive,network.type=ipv6}", 12.0),
        ] {
            assert_eq!(values.get(series), Some(&value), "{series}");
        }
        assert_eq!(values.len(), 8);
    }

    #[test]
    fn garbage_gives_no_series() {
        for text in ["Tcp: a b\n", "Tcp: InSegs\nUdp: 1\n", "Tcp: InSegs\nTcp: x\n", "\u{0}\n:\n:\n", "Tcp"] {
            assert!(recorded(|builder| record_texts(builder, text, text, text)).1.is_empty(), "{text}");
        }
    }
}
