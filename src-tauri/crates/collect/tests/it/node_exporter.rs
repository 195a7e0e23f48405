//! Comparison of our host metrics with those of a real node_exporter on the same machine.

mod pairs;

use std::{
    collections::BTreeMap,
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use collect::run_host;
use config::Host;
use model::TelemetryBatch;
use runtime::Clock;

use self::pairs::{PAIRS, Pair};
use crate::common::{Bench, values, wait_until};

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
