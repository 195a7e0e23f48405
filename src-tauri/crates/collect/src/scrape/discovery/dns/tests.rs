//! Tests against a real name server (dnsmasq) on a port of its own.

#![cfg(target_os = "linux")]

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
};

use hickory_resolver::{
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};
use test_support::wait::wait_until;
use tokio::sync::mpsc;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(40);

struct NameServer {
    process: Child,
    port: u16,
}

impl NameServer {
    /// Serves `example.test` from the file `hosts` in the folder and from `records`, without
    /// another server.
    async fn start(folder: &Path, port: u16, records: &[String]) -> Self {
        let process = Command::new("/usr/sbin/dnsmasq")
            .args([
                "--keep-in-foreground",
                "--no-resolv",
                "--no-hosts",
                "--conf-file=/dev/null",
                "--bind-interfaces",
            ])
            .args([
                "--listen-address=127.0.0.1",
                "--local=/test/",
                "--log-facility=-",
                "--user=root",
                "--pid-file=",
            ])
            .arg(format!("--port={port}"))
            .arg(format!("--addn-hosts={}", folder.join("hosts").display()))
            .args(records)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dnsmasq is installed");
        let server = Self { process, port };
        let connect = async || Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok());
        wait_until("dnsmasq answers", connect).await.unwrap();
        server
    }

    /// Makes it read the file `hosts` again.
    fn reread(&self) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::HUP).unwrap();
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn resolver(port: u16) -> TokioResolver {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = port;
        connection
    });
    let server = NameServerConfig::new(IpAddr::V4(Ipv4Addr::LOCALHOST), true, connections.to_vec());
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap()
}

fn settings(kind: &str, names: &[&str]) -> config::DnsDiscovery {
    config::DnsDiscovery {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        kind: kind.to_owned(),
        port: 9100,
        refresh_interval: "30s".to_owned(),
    }
}

/// Returns the values of a label of all targets, sorted.
fn listed<'a>(found: &'a DiscoveryResult, label: &str) -> Vec<&'a str> {
    let targets = found.targets.as_deref().unwrap_or_else(|| panic!("{:?}", found.problem));
    let mut values: Vec<&str> = targets.iter().map(|labels| labels[label].as_str()).collect();
    values.sort_unstable();
    values
}

#[tokio::test]
async fn records_of_every_kind_become_targets() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("hosts"),
        "10.0.0.1 node.test\n10.0.0.2 node.test\nfd00::1 node.test\n10.0.0.3 other.test\n",
    )
    .unwrap();
    let mut records = vec![
        "--srv-host=_metrics._tcp.test,one.test,9100,10,5".to_owned(),
        "--srv-host=_metrics._tcp.test,two.test,9200".to_owned(),
        "--mx-host=mail.test,mx.test,10".to_owned(),
        "--txt-record=text.test,hello".to_owned(),
    ];
    // The response exceeds a datagram and comes over TCP.
    records.extend(
        (0..300).map(|n| format!("--srv-host=_many._tcp.test,host-number-{n}.example.test,{}", 1000 + n)),
    );
    let server = NameServer::start(folder.path(), free_port(), &records).await;
    let resolver = resolver(server.port);

    let found = resolve(&resolver, &settings("SRV", &["_metrics._tcp.test"])).await;
    assert_eq!(listed(&found, "__address__"), ["one.test:9100", "two.test:9200"]);
    assert_eq!(listed(&found, "__meta_dns_srv_record_target"), ["one.test.", "two.test."]);
    assert_eq!(listed(&found, "__meta_dns_srv_record_port"), ["9100", "9200"]);
    assert_eq!(listed(&found, "__meta_dns_name"), ["_metrics._tcp.test"; 2]);
    assert_eq!(
        listed(&resolve(&resolver, &settings("SRV", &["_many._tcp.test"])).await, "__address__").len(),
        300
    );

    let found = resolve(&resolver, &settings("A", &["node.test", "other.test"])).await;
    assert_eq!(listed(&found, "__address__"), ["10.0.0.1:9100", "10.0.0.2:9100", "10.0.0.3:9100"]);
    let found = resolve(&resolver, &settings("AAAA", &["node.test"])).await;
    assert_eq!(listed(&found, "__address__"), ["[fd00::1]:9100"]);
    let found = resolve(&resolver, &settings("MX", &["mail.test"])).await;
    assert_eq!(listed(&found, "__address__"), ["mx.test:9100"]);
    assert_eq!(listed(&found, "__meta_dns_mx_record_target"), ["mx.test."]);

    // Names without such records have no targets, which is no fault.
    for (kind, name) in
        [("SRV", "node.test"), ("A", "_metrics._tcp.test"), ("AAAA", "other.test"), ("A", "gone.test")]
    {
        let found = resolve(&resolver, &settings(kind, &[name])).await;
        assert_eq!((found.targets, found.problem), (Some(Vec::new()), None), "{kind} {name}");
    }
    for (kind, name) in
        [("TXT", "text.test"), ("A", "refused.example"), ("A", "a..b"), ("A", &"x".repeat(300))]
    {
        let found = resolve(&resolver, &settings(kind, &["node.test", name])).await;
        assert!(found.targets.is_none() && found.problem.is_some(), "{kind} {name}");
    }
}

#[tokio::test]
async fn changes_are_followed_and_a_server_that_is_gone_leaves_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    fs::write(&hosts, "10.0.0.1 node.test\n").unwrap();
    let port = free_port();
    let server = NameServer::start(folder.path(), port, &[]).await;
    let (sender, mut received) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let following = tokio::spawn({
        let stop = stop.clone();
        async move {
            let results = ResultSender { index: 0, sender };
            let settings = settings("A", &["node.test"]);
            let interval = Duration::from_millis(50);
            follow(&resolver(port), &settings, interval, &Clock::system(), &results, &stop).await;
        }
    });
    let mut until = async |wanted: &dyn Fn(&DiscoveryResult) -> bool| {
        let clock = Clock::system();
        let deadline = clock.instant() + TIMEOUT;
        loop {
            let (_, found) = tokio::time::timeout(TIMEOUT, received.recv()).await.unwrap().unwrap();
            if wanted(&found) {
                return;
            }
            assert!(clock.instant() < deadline, "{found:?}");
        }
    };
    let lists = |addresses: &'static [&str]| {
        move |found: &DiscoveryResult| found.targets.is_some() && listed(found, "__address__") == addresses
    };
    until(&lists(&["10.0.0.1:9100"])).await;
    fs::write(&hosts, "10.0.0.2 node.test\n10.0.0.3 node.test\n").unwrap();
    server.reread();
    until(&lists(&["10.0.0.2:9100", "10.0.0.3:9100"])).await;
    drop(server);
    until(&|found| found.targets.is_none() && found.problem.as_ref().unwrap().contains("node.test")).await;
    let server = NameServer::start(folder.path(), port, &[]).await;
    until(&lists(&["10.0.0.2:9100", "10.0.0.3:9100"])).await;
    fs::write(&hosts, "").unwrap();
    server.reread();
    until(&lists(&[])).await;
    stop.cancel();
    // It may wait for the receiver.
    drop(received);
    tokio::time::timeout(TIMEOUT, following).await.unwrap().unwrap();
}
