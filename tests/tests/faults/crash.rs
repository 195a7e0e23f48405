//! Repeated `kill -9` on one data folder, while every receiver gets telemetry and data are sealed,
//! merged and dropped. `BINNACLE_KILLS` sets the number of kills.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use model::RetentionPreview;
use prost::Message as _;
use rand::Rng;
use serde_json::{Value, json};
use test_support::{
    counting_target::{CountingTarget, SCRAPED_METRIC},
    engine_process::{EngineProcess, SETTINGS},
    numbered::{self, Batch, Numbers, Receiver, send_until_failure},
    otlp_load::{self, OtlpConnection, Signal},
    wait::wait_until,
};
use tokio::task::JoinHandle;

const KILLS: usize = 20;
const SENDERS_PER_RECEIVER: usize = 2;
/// Maintenance commands, in the order of their calls.
const MAINTENANCE: [&str; 4] = ["seal_data", "compact_data", "apply_retention", "checkpoint_data"];
/// Age of expired records in nanoseconds. The settings retain 2 days.
const EXPIRED_AGE: u64 = 3 * 86_400_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn everything_acknowledged_survives_kills_under_mixed_load() {
    let kills = std::env::var("BINNACLE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let target = CountingTarget::start().await.unwrap();
    let settings = format!(
        "{SETTINGS}\n[host]\nenabled = false\n\n\
         [retention]\nmetrics_days = 2\nmetrics_minutes_days = 2\nmetrics_hours_days = 2\nlogs_days = 2\nspans_days = 2\n\n\
         [[scrape]]\nname = \"counting\"\nurl = {:?}\ninterval_seconds = 1\n",
        target.url()
    );
    let mut engine = EngineProcess::prepare(&settings).unwrap();
    engine.start_again().await.unwrap();
    let next = Numbers::default();
    let mut batches: Vec<Batch> = Vec::new();
    let mut scraped = BTreeSet::new();
    let mut under_way: BTreeMap<&str, usize> = BTreeMap::new();
    let mut while_starting = 0;
    for round in 0..kills {
        let mut senders = Vec::new();
        for receiver in Receiver::ALL.into_iter().cycle().take(Receiver::ALL.len() * SENDERS_PER_RECEIVER) {
            let connection = receiver.connect(&engine).await.unwrap();
            senders.push(tokio::spawn(send_until_failure(connection, next.clone(), pause_and_size)));
        }
        let expired = tokio::spawn(send_expired(engine.listener("otlp_grpc").await.unwrap()));
        let maintenance = Maintenance::start(&engine);
        if round % 2 == 1 {
            send_again(&engine, &mut batches).await;
        }
        let enough = next.taken() + rand::rng().random_range(200..6_000);
        wait_until("records are sent", async || Ok(next.taken() >= enough)).await.unwrap();
        // A short round may end before its first scrape.
        if round % 4 == 0 {
            let known = scraped.len();
            wait_until("a scrape is stored", async || Ok(scraped_by(&engine).await.len() > known))
                .await
                .unwrap();
        }
        // Samples that a reader has seen must survive as well.
        scraped.extend(scraped_by(&engine).await);
        while round % 4 == 1 && maintenance.step().is_none() {
            tokio::task::yield_now().await;
        }
        let step = maintenance.step();
        engine.kill().unwrap();
        maintenance.end();
        expired.abort();
        if let Some(step) = step {
            *under_way.entry(step).or_default() += 1;
        }
        for sender in senders {
            batches.extend(sender.await.unwrap());
        }

        if round % 4 == 3 {
            // One more kill during recovery.
            let delay = Duration::from_millis(rand::rng().random_range(1..300));
            while_starting += usize::from(tokio::time::timeout(delay, engine.start_again()).await.is_err());
            engine.kill().unwrap();
        }
        engine.start_again().await.unwrap();
        numbered::check(&engine, &batches, &format!("round {round}")).await.unwrap();
        let found = scraped_by(&engine).await;
        let missing: Vec<_> = scraped.difference(&found).collect();
        assert!(missing.is_empty(), "round {round}: scraped, read and lost: {missing:?}");
        assert!(
            found.iter().all(|number| *number < target.served()),
            "round {round}: numbers that were not exposed"
        );
        scraped = found;
    }
    for name in MAINTENANCE {
        let _: Value = engine.call(name, json!({})).await.unwrap();
    }
    let preview: RetentionPreview = engine.call("retention_preview", json!({})).await.unwrap();
    assert!(preview.stored.iter().all(|data| data.service != "old"), "{:?}", preview.stored);
    numbered::check(&engine, &batches, "with everything sealed").await.unwrap();
    assert_eq!(quarantined(&engine), 0);

    let acknowledged: u64 = batches.iter().filter(|batch| batch.acknowledged).map(Batch::length).sum();
    let cut_off = batches.iter().filter(|batch| !batch.acknowledged).count();
    println!(
        "{kills} kills and {while_starting} more while starting; {acknowledged} records acknowledged and stored, \
         {} scrapes; {cut_off} batches cut off; interrupted: {under_way:?}",
        scraped.len()
    );
    for receiver in Receiver::ALL {
        let of_receiver = |batch: &&Batch| batch.receiver == receiver && batch.acknowledged;
        assert!(batches.iter().filter(of_receiver).count() >= kills, "too few batches of {receiver:?}");
    }
    assert!(cut_off >= kills && scraped.len() >= kills / 4, "{cut_off} {}", scraped.len());
    assert!(under_way.values().sum::<usize>() >= kills / 4, "{under_way:?}");
}

/// Returns a random pause and size: mostly small batches, some large.
fn pause_and_size() -> (Duration, u64) {
    let mut random = rand::rng();
    let size =
        if random.random_bool(0.03) { random.random_range(100..400) } else { random.random_range(1..20) };
    (Duration::from_millis(random.random_range(0..25)), size)
}

/// Sends some unacknowledged batches again, as exporters do.
async fn send_again(engine: &EngineProcess, batches: &mut [Batch]) {
    let unknown = batches.iter_mut().filter(|batch| !batch.acknowledged && batch.attempts == 1);
    for batch in unknown.take(Receiver::ALL.len()) {
        batch.attempts += 1;
        let mut connection = batch.receiver.connect(engine).await.unwrap();
        batch.acknowledged = connection.send(batch.numbers.clone()).await.is_ok();
    }
}

/// Returns the stored scraped numbers, and asserts that none is stored twice.
async fn scraped_by(engine: &EngineProcess) -> BTreeSet<u64> {
    let values = numbered::values(engine, &[(SCRAPED_METRIC, ())]).await.unwrap();
    let numbers: Vec<_> =
        values.iter().filter(|(_, value)| !value.is_nan()).map(|(_, value)| *value as u64).collect();
    let distinct: BTreeSet<_> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), numbers.len(), "scraped once and stored twice: {numbers:?}");
    distinct
}

/// Sends expired records of every signal until the engine ends.
async fn send_expired(address: std::net::SocketAddr) {
    let Ok(mut connection) = OtlpConnection::open(address).await else { return };
    let service = || otlp_load::resource("old", Vec::new());
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    for offset in 0.. {
        pace.tick().await;
        let time = otlp_load::now() - EXPIRED_AGE + offset;
        let point = otlp_load::gauge("old.value", vec![otlp_load::data_point(time, offset as f64)]);
        let log = otlp_load::log_record(time, "an old line");
        let span = otlp_load::span(time, offset + 1, "an old step");
        for (signal, request) in [
            (Signal::Metrics, otlp_load::metrics_request(service(), vec![point]).encode_to_vec()),
            (Signal::Logs, otlp_load::logs_request(service(), vec![log]).encode_to_vec()),
            (Signal::Spans, otlp_load::spans_request(service(), vec![span]).encode_to_vec()),
        ] {
            if connection.send(signal, request).await.is_err() {
                return;
            }
        }
    }
}

/// A task that calls one maintenance command after another.
struct Maintenance {
    step: Arc<Mutex<Option<&'static str>>>,
    task: JoinHandle<()>,
}

impl Maintenance {
    fn start(engine: &EngineProcess) -> Self {
        let step = Arc::new(Mutex::new(None));
        let (client, now) = (engine.client().unwrap().clone(), Arc::clone(&step));
        let task = tokio::spawn(async move {
            for name in MAINTENANCE.into_iter().cycle() {
                *now.lock().unwrap() = Some(name);
                let answer = client.download(name, &json!({})).await;
                *now.lock().unwrap() = None;
                // A command may be refused, and the next one may not.
                if answer.is_err() {
                    tokio::task::yield_now().await;
                }
            }
        });
        Self { step, task }
    }

    /// Returns the running command.
    fn step(&self) -> Option<&'static str> {
        *self.step.lock().unwrap()
    }

    fn end(self) {
        self.task.abort();
    }
}

/// Counts the segments in quarantine.
fn quarantined(engine: &EngineProcess) -> usize {
    fs::read_dir(engine.data().join("quarantine")).map_or(0, Iterator::count)
}
