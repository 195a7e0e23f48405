//! Clients of both dialects of StatsD deliver over UDP and over a Unix socket, and the store
//! contains their data.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use ingest::{IntakeBudget, IntakeCounters, StatsdOptions, StatsdSocket, serve_statsd};
use model::{
    Aggregation, Filter, HealthState, SamplesRequest, SeriesRequest, Severity, TimeRange, Timestamp,
};
use runtime::{Clock, HealthReporter};
use store::{Store, StoreOptions};
use test_support::{
    clients::{Language, client},
    wait::wait_until,
};
use tokio::{
    net::UdpSocket,
    process::Command,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// Time limit of a client, whose first run installs packages.
const INSTALL_TIMEOUT: Duration = Duration::from_secs(600);

fn now() -> Timestamp {
    Clock::system().now()
}

struct Listening {
    address: String,
    reporter: HealthReporter,
    counters: Arc<IntakeCounters>,
    server: JoinHandle<Result<(), ingest::IngestError>>,
}

fn listen(socket: StatsdSocket, interval: Duration, store: &Store, stop: &CancellationToken) -> Listening {
    let (address, reporter) = (socket.address(), HealthReporter::new("statsd"));
    let counters = Arc::new(IntakeCounters::default());
    let options = StatsdOptions { interval, service: String::new() };
    let serving = serve_statsd(
        socket,
        options,
        store.clone(),
        Clock::system(),
        counters.clone(),
        IntakeBudget::default(),
        reporter.clone(),
        stop.clone(),
    );
    Listening { address, reporter, counters, server: tokio::spawn(serving) }
}

fn around() -> TimeRange {
    TimeRange::new(now().offset(-3_600_000_000_000), now().offset(60_000_000_000))
}

async fn sum(store: &Store, metric: &str) -> f64 {
    let request =
        SamplesRequest { metric: metric.to_owned(), matchers: vec![], range: around(), limit: 10_000 };
    store.metrics().samples(&request).await.unwrap().iter().flat_map(|series| &series.values).sum()
}

async fn value(store: &Store, metric: &str, aggregation: Aggregation) -> f64 {
    let request = SeriesRequest {
        metric: metric.to_owned(),
        matchers: vec![],
        aggregation,
        group_by: vec![],
        range: around(),
        step: Some(4_000_000_000_000),
        max_points: 10,
        limit: 10,
    };
    let snapshot = store.snapshot(request.range).await.unwrap();
    let answer = query::series(&snapshot, &request).await.unwrap();
    answer.series[0].values.iter().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_both_dialects_deliver() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data"), StoreOptions::default()).unwrap();
    let stop = CancellationToken::new();
    let udp = StatsdSocket::udp(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let unix = StatsdSocket::unix(&folder.path().join("statsd.sock")).unwrap();
    // The only flush is the one at the end, which must include everything.
    let udp = listen(udp, Duration::from_secs(3600), &store, &stop);
    let unix = listen(unix, Duration::from_secs(3600), &store, &stop);
    let command =
        tokio::task::spawn_blocking(|| client(Language::Python, "statsd_clients.py")).await.unwrap();
    let mut command = Command::from(command.unwrap());
    let (host, port) = udp.address.rsplit_once(':').unwrap();
    command.args([host, port, &unix.address]).kill_on_drop(true);
    let output = tokio::time::timeout(INSTALL_TIMEOUT, command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    stop.cancel();
    for listening in [udp, unix] {
        tokio::time::timeout(INSTALL_TIMEOUT, listening.server).await.unwrap().unwrap().unwrap();
        assert_eq!(listening.counters.rejected_records(), 0, "{:?}", listening.reporter.status());
    }
    for (metric, expected) in [
        ("shop.orders", 17.0),
        ("shop.depth", 25.0),
        ("shop.visitors", 2.0),
        ("shop.batched", 2.0),
        ("payments", 10.0),
        ("temperature", -7.0),
        ("through.socket", 7.0),
    ] {
        assert_eq!(sum(&store, metric).await, expected, "{metric}");
    }
    assert_eq!(value(&store, "shop.orders", Aggregation::Increase).await, 17.0);
    assert_eq!(value(&store, "amount", Aggregation::Count).await, 10.0);
    assert!((value(&store, "amount", Aggregation::P50).await - 50.0).abs() < 5.0);
    assert!((value(&store, "shop.answer", Aggregation::Average).await - 25.0).abs() < 1e-9);
    let everything = Filter::All { of: vec![] };
    let (lines, _) = store.logs().search(&everything, around(), 10, None).await.unwrap();
    let line = |event: &str| lines.iter().find(|line| line.body.starts_with(event)).unwrap();
    assert_eq!(line("Till closed").body, "Till closed\nnothing is\nleft");
    assert_eq!(
        (line("till.up").severity, line("till.up").body.as_str()),
        (Severity::ERROR, "till.up is critical: door open")
    );
    assert!(!folder.path().join("statsd.sock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_reported_and_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    let stop = CancellationToken::new();
    let socket = StatsdSocket::udp(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let listening = listen(socket, Duration::from_millis(300), &store, &stop);
    let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    sender.connect(&listening.address).await.unwrap();
    for datagram in [&b"\xff\xfe:1|c"[..], b"half", b"", b"\n\n", &[b'x'; 60_000], b"a:1|c\nbad\na:2|c"] {
        sender.send(datagram).await.unwrap();
    }
    let (mut reported, mut stored) = (false, false);
    wait_until("the rejection is reported and the rest stored", async || {
        sender.send(b"half").await?;
        let status = listening.reporter.status();
        reported |= status.state == HealthState::Degraded && status.message.contains("lines rejected");
        stored |= sum(&store, "a").await == 3.0;
        ensure!(reported && stored, "{status:?}");
        Ok(true)
    })
    .await
    .unwrap();
    assert!(listening.counters.rejected_records() >= 3);
    // A socket in use, a stale socket, and another file at its path.
    let path = folder.path().join("taken.sock");
    let first = StatsdSocket::unix(&path).unwrap();
    assert!(StatsdSocket::unix(&path).is_err());
    drop(first);
    drop(std::os::unix::net::UnixDatagram::bind(&path).unwrap());
    assert!(StatsdSocket::unix(&path).is_ok());
    std::fs::write(&path, "not a socket").unwrap();
    assert!(StatsdSocket::unix(&path).is_err());
    stop.cancel();
    tokio::time::timeout(INSTALL_TIMEOUT, listening.server).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_senders_at_once_lose_nothing_that_the_kernel_took() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("data"), StoreOptions::default()).unwrap();
    let stop = CancellationToken::new();
    let socket = StatsdSocket::unix(&folder.path().join("s")).unwrap();
    let listening = listen(socket, Duration::from_secs(1), &store, &stop);
    let mut senders = JoinSet::new();
    for sender in 0..8 {
        let path = listening.address.clone();
        senders.spawn_blocking(move || {
            let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
            socket.connect(path).unwrap();
            for index in 0..5000 {
                socket
                    .send(format!("load.total:1|c|#sender:{sender},part:{}", index % 50).as_bytes())
                    .unwrap();
            }
        });
    }
    senders.join_all().await;
    stop.cancel();
    tokio::time::timeout(INSTALL_TIMEOUT, listening.server).await.unwrap().unwrap().unwrap();
    assert_eq!(sum(&store, "load.total").await, 40_000.0);
}
