//! Comparison of our host metrics with those of a real node_exporter on the same machine.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use crate::common::{Bench, values, wait_until};
use collect::run_host;
use config::Host;
use model::TelemetryBatch;
use runtime::Clock;

/// A running node_exporter with its default collectors.
struct NodeExporter {
    process: Child,
    url: String,
}

impl NodeExporter {
    async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new("prometheus-node-exporter")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus-node-exporter is installed");
        let exporter = Self { process, url: format!("http://127.0.0.1:{port}/metrics") };
        wait_until("node_exporter answers", async || {
            tls::http_client().get(&exporter.url).send().await.is_ok()
        })
        .await;
        exporter
    }

    /// Scrapes it; returns values by `name{labels}`.
    async fn scrape(&self) -> BTreeMap<String, f64> {
        let text = tls::http_client().get(&self.url).send().await.unwrap().text().await.unwrap();
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let (series, value) = line.rsplit_once(' ')?;
                Some((series.to_owned(), value.parse().ok()?))
            })
            .collect()
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the sum of our series of that name with these tags.
fn ours(batch: &TelemetryBatch, name: &str, tags: &[(&str, &str)]) -> Option<f64> {
    let found: Vec<f64> = values(batch, name)
        .into_iter()
        .filter(|(series, _)| {
            tags.iter().all(|(key, wanted)| {
                series.attributes.0.get(*key).is_some_and(|value| value.to_string() == *wanted)
            })
        })
        .map(|(_, value)| value)
        .collect();
    (!found.is_empty()).then(|| found.iter().sum())
}

/// Names of both metrics, tolerance beyond the change between two scrapes, and the factor from
/// theirs to ours.
type Pair<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, f64, f64);

const CPU: &str = "cpu.logical_number";
const PAIRS: &[Pair<'_>] = &[
    (
        "system.cpu.time",
        &[(CPU, "0"), ("cpu.mode", "user")],
        "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"}",
        0.1,
        1.0,
    ),
    (
        "system.cpu.time",
        &[(CPU, "0"), ("cpu.mode", "idle")],
        "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"}",
        0.1,
        1.0,
    ),
    (
        "system.cpu.time",
        &[(CPU, "0"), ("cpu.mode", "iowait")],
        "node_cpu_seconds_total{cpu=\"0\",mode=\"iowait\"}",
        0.1,
        1.0,
    ),
    (
        "system.cpu.time",
        &[(CPU, "0"), ("cpu.mode", "softirq")],
        "node_cpu_seconds_total{cpu=\"0\",mode=\"softirq\"}",
        0.1,
        1.0,
    ),
    (
        "system.linux.scheduler.time",
        &[(CPU, "0"), ("system.linux.scheduler.state", "waiting")],
        "node_schedstat_waiting_seconds_total{cpu=\"0\"}",
        0.0,
        1.0,
    ),
    ("system.load_average.1m", &[], "node_load1", 0.5, 1.0),
    ("system.load_average.15m", &[], "node_load15", 0.5, 1.0),
    ("system.boot_time", &[], "node_boot_time_seconds", 1.0, 1.0),
    ("system.linux.context_switches", &[], "node_context_switches_total", 0.0, 1.0),
    ("system.linux.interrupts", &[], "node_intr_total", 0.0, 1.0),
    ("system.process.created", &[], "node_forks_total", 0.0, 1.0),
    ("system.linux.file_descriptors.usage", &[], "node_filefd_allocated", 500.0, 1.0),
    ("system.linux.entropy.available", &[], "node_entropy_available_bits", 16.0, 1.0),
    ("system.memory.limit", &[], "node_memory_MemTotal_bytes", 0.0, 1.0),
    ("system.memory.available", &[], "node_memory_MemAvailable_bytes", 1e9, 1.0),
    ("system.memory.usage", &[("system.memory.state", "buffers")], "node_memory_Buffers_bytes", 1e8, 1.0),
    ("system.linux.memory.usage", &[("linux.meminfo.entry", "Slab")], "node_memory_Slab_bytes", 1e8, 1.0),
    (
        "system.linux.memory.usage",
        &[("linux.meminfo.entry", "CommitLimit")],
        "node_memory_CommitLimit_bytes",
        0.0,
        1.0,
    ),
    (
        "system.linux.memory.huge_pages",
        &[("linux.meminfo.entry", "HugePages_Total")],
        "node_memory_HugePages_Total",
        0.0,
        1.0,
    ),
    ("system.paging.faults", &[], "node_vmstat_pgfault", 0.0, 1.0),
    ("system.paging.faults", &[("system.paging.fault.type", "major")], "node_vmstat_pgmajfault", 0.0, 1.0),
    ("system.paging.operations", &[("system.paging.direction", "in")], "node_vmstat_pswpin", 0.0, 1.0),
    ("system.linux.paging.io", &[("system.paging.direction", "out")], "node_vmstat_pgpgout", 0.0, 1024.0),
    ("system.linux.memory.oom_kills", &[], "node_vmstat_oom_kill", 0.0, 1.0),
    (
        "system.filesystem.limit",
        &[("system.filesystem.mountpoint", "/")],
        "node_filesystem_size_bytes{/}",
        0.0,
        1.0,
    ),
    (
        "system.filesystem.usage",
        &[("system.filesystem.mountpoint", "/"), ("system.filesystem.state", "free")],
        "node_filesystem_avail_bytes{/}",
        1e9,
        1.0,
    ),
    (
        "system.filesystem.inodes.usage",
        &[("system.filesystem.mountpoint", "/"), ("system.filesystem.state", "free")],
        "node_filesystem_files_free{/}",
        1e5,
        1.0,
    ),
    (
        "system.filesystem.inodes.limit",
        &[("system.filesystem.mountpoint", "/")],
        "node_filesystem_files{/}",
        0.0,
        1.0,
    ),
    (
        "system.filesystem.read_only",
        &[("system.filesystem.mountpoint", "/")],
        "node_filesystem_readonly{/}",
        0.0,
        1.0,
    ),
    (
        "system.network.io",
        &[("network.interface.name", "INTERFACE"), ("network.io.direction", "receive")],
        "node_network_receive_bytes_total{device=\"INTERFACE\"}",
        0.0,
        1.0,
    ),
    (
        "system.network.packet.count",
        &[("network.interface.name", "INTERFACE"), ("network.io.direction", "transmit")],
        "node_network_transmit_packets_total{device=\"INTERFACE\"}",
        0.0,
        1.0,
    ),
    (
        "system.network.errors",
        &[("network.interface.name", "INTERFACE"), ("network.io.direction", "receive")],
        "node_network_receive_errs_total{device=\"INTERFACE\"}",
        0.0,
        1.0,
    ),
    (
        "system.network.packet.dropped",
        &[("network.interface.name", "INTERFACE"), ("network.io.direction", "receive")],
        "node_network_receive_drop_total{device=\"INTERFACE\"}",
        0.0,
        1.0,
    ),
    (
        "system.linux.network.mtu",
        &[("network.interface.name", "INTERFACE")],
        "node_network_mtu_bytes{device=\"INTERFACE\"}",
        0.0,
        1.0,
    ),
    (
        "system.network.tcp.segments",
        &[("network.io.direction", "receive")],
        "node_netstat_Tcp_InSegs",
        0.0,
        1.0,
    ),
    ("system.network.tcp.retransmits", &[], "node_netstat_Tcp_RetransSegs", 0.0, 1.0),
    ("system.network.tcp.listen.drops", &[], "node_netstat_TcpExt_ListenDrops", 0.0, 1.0),
    (
        "system.network.tcp.opened",
        &[("system.network.tcp.kind", "passive")],
        "node_netstat_Tcp_PassiveOpens",
        0.0,
        1.0,
    ),
    (
        "system.network.udp.datagrams",
        &[("network.io.direction", "receive"), ("network.type", "ipv4")],
        "node_netstat_Udp_InDatagrams",
        0.0,
        1.0,
    ),
    (
        "system.network.udp.errors",
        &[("error.type", "no_port"), ("network.type", "ipv6")],
        "node_netstat_Udp6_NoPorts",
        0.0,
        1.0,
    ),
    (
        "system.network.ip.io",
        &[("network.io.direction", "transmit")],
        "node_netstat_IpExt_OutOctets",
        0.0,
        1.0,
    ),
    ("system.network.connection.count", &[], "node_netstat_Tcp_CurrEstab", 100.0, 1.0),
    ("system.linux.sockets.used", &[], "node_sockstat_sockets_used", 200.0, 1.0),
    (
        "system.linux.sockets.count",
        &[("network.transport", "udp"), ("network.type", "ipv4")],
        "node_sockstat_UDP_inuse",
        50.0,
        1.0,
    ),
    ("system.linux.softnet.processed", &[(CPU, "0")], "node_softnet_processed_total{cpu=\"0\"}", 0.0, 1.0),
    (
        "system.linux.pressure.time",
        &[("system.linux.pressure.resource", "cpu"), ("system.linux.pressure.kind", "some")],
        "node_pressure_cpu_waiting_seconds_total",
        0.0,
        1.0,
    ),
    (
        "system.linux.pressure.time",
        &[("system.linux.pressure.resource", "io"), ("system.linux.pressure.kind", "full")],
        "node_pressure_io_stalled_seconds_total",
        0.0,
        1.0,
    ),
];

/// Returns a value of node_exporter. Labels of the root file system differ between machines.
fn theirs(scrape: &BTreeMap<String, f64>, name: &str) -> Option<f64> {
    match name.strip_suffix("{/}") {
        Some(name) => scrape
            .iter()
            .find(|(series, _)| {
                series.starts_with(&format!("{name}{{")) && series.contains("mountpoint=\"/\"")
            })
            .map(|(_, value)| *value),
        None => scrape.get(name).copied(),
    }
}

#[tokio::test]
async fn node_exporter_has_the_same_values() {
    let exporter = NodeExporter::start().await;
    let before = exporter.scrape().await;
    let mut bench = Bench::new();
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_host(Host::default(), Vec::new(), store, Clock::system(), reporter, stop));
    let batch = bench.next_commit().await;
    let after = exporter.scrape().await;
    bench.stop().await;
    let mut pairs: Vec<Pair<'_>> = PAIRS.to_vec();
    // Names of disks differ between machines.
    let disks: Vec<String> = values(&batch, "system.disk.io_time")
        .iter()
        .filter_map(|(series, _)| series.attributes.text("system.device").map(str::to_owned))
        .collect();
    let mut names = Vec::new();
    for disk in &disks {
        for metric in [
            "read_bytes_total",
            "writes_completed_total",
            "io_time_seconds_total",
            "io_time_weighted_seconds_total",
        ] {
            names.push((disk.as_str(), format!("node_disk_{metric}{{device=\"{disk}\"}}")));
        }
    }
    let tags: Vec<[(&str, &str); 2]> = names
        .iter()
        .map(|(disk, name)| {
            let direction = if name.contains("write") { "write" } else { "read" };
            [("system.device", *disk), ("disk.io.direction", direction)]
        })
        .collect();
    for ((_, name), tags) in names.iter().zip(&tags) {
        let (metric, tags) = match name {
            name if name.contains("weighted") => ("system.disk.weighted_io_time", &tags[..1]),
            name if name.contains("io_time") => ("system.disk.io_time", &tags[..1]),
            name if name.contains("read_bytes") => ("system.disk.io", &tags[..]),
            _ => ("system.disk.operations", &tags[..]),
        };
        pairs.push((metric, tags, name.as_str(), 0.0, 1.0));
    }
    let mut compared = 0;
    // Names of interfaces differ too, and this node_exporter skips the local one.
    let interface = before
        .iter()
        .filter(|(_, bytes)| **bytes > 0.0)
        .find_map(|(series, _)| {
            series.strip_prefix("node_network_receive_bytes_total{device=\"")?.strip_suffix("\"}")
        })
        .unwrap_or("lo");
    for (name, tags, their_name, tolerance, factor) in pairs {
        let tags: Vec<(&str, &str)> = tags
            .iter()
            .map(|(key, value)| (*key, if *value == "INTERFACE" { interface } else { *value }))
            .collect();
        let tags = tags.as_slice();
        let their_name = &their_name.replace("INTERFACE", interface);
        let our_value = ours(&batch, name, tags);
        let Some((low, high)) = theirs(&before, their_name).zip(theirs(&after, their_name)) else {
            assert_eq!(our_value, None, "{name} {tags:?} is recorded, {their_name} is not");
            continue;
        };
        let our_value = our_value.unwrap_or_else(|| panic!("{name} {tags:?} is missing beside {their_name}"));
        // The text rounds numbers to six digits.
        let slack = (tolerance + 1e-6 * high.abs()) * factor + 1e-6;
        let (low, high) = (low.min(high) * factor - slack, low.max(high) * factor + slack);
        assert!(
            (low..=high).contains(&our_value),
            "{name} {tags:?} is {our_value}, {their_name} {low} to {high}"
        );
        compared += 1;
    }
    assert!(compared >= 30, "only {compared} were compared");
}

#[tokio::test]
async fn every_default_collector_is_in_the_table() {
    const TABLE: &str = include_str!("../../../../../docs/host-metrics.md");
    let scrape = NodeExporter::start().await.scrape().await;
    let collectors: Vec<&str> = scrape
        .keys()
        .filter_map(|series| {
            series.strip_prefix("node_scrape_collector_success{collector=\"")?.strip_suffix("\"}")
        })
        .collect();
    assert!(collectors.len() > 30, "{collectors:?}");
    for collector in collectors {
        assert!(TABLE.contains(&format!("| {collector} |")), "{collector} is not in docs/host-metrics.md");
    }
}
