//! `kill -9` while telemetry pours in on every way and data are sealed, merged and dropped, again and again on the
//! same data folder. `BINNACLE_KILLS` asks for more kills than the usual.

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
    numbered::{self, Batch, Numbers, Way, send_until_the_end},
    otlp_load::{self, OtlpConnection, Signal},
};
use tokio::task::JoinHandle;

const KILLS: usize = 20;
const SENDERS_PER_WAY: usize = 2;
/// What keeps data in order, in the order it is asked for.
const MAINTENANCE: [&str; 4] = ["seal_data", "merge_data", "apply_retention", "checkpoint_data"];
/// How long ago what retention takes was, in nanoseconds; the settings keep 2 days.
const LONG_AGO: u64 = 3 * 86_400_000_000_000;

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
        for way in Way::ALL.into_iter().cycle().take(Way::ALL.len() * SENDERS_PER_WAY) {
            let connection = way.connect(&engine).await.unwrap();
            senders.push(tokio::spawn(send_until_the_end(connection, next.clone(), pause_and_size)));
        }
        let old = tokio::spawn(send_what_is_old(engine.listener("otlp_grpc").await.unwrap()));
        let maintenance = Maintenance::start(&engine);
        if round % 2 == 1 {
            send_again(&engine, &mut batches).await;
        }
        let moment = rand::rng().random_range(50..700);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        // What a reader was shown is kept as well.
        scraped.extend(scraped_by(&engine).await);
        let step = maintenance.step();
        engine.kill().unwrap();
        maintenance.end();
        old.abort();
        if let Some(step) = step {
            *under_way.entry(step).or_default() += 1;
        }
        for sender in senders {
            batches.extend(sender.await.unwrap());
        }

        if round % 4 == 3 {
            // Once more in the middle of finding everything again.
            let moment = Duration::from_millis(rand::rng().random_range(1..300));
            while_starting += usize::from(tokio::time::timeout(moment, engine.start_again()).await.is_err());
            engine.kill().unwrap();
        }
        engine.start_again().await.unwrap();
        numbered::check(&engine, &batches, &format!("round {round}")).await.unwrap();
        let found = scraped_by(&engine).await;
        let missing: Vec<_> = scraped.difference(&found).collect();
        assert!(missing.is_empty(), "round {round}: scraped, shown and lost: {missing:?}");
        assert!(found.iter().all(|number| *number < target.told()), "round {round}: numbers nobody told");
        scraped = found;
    }
    for name in MAINTENANCE {
        let _: Value = engine.call(name, json!({})).await.unwrap();
    }
    let left: RetentionPreview = engine.call("retention_preview", json!({})).await.unwrap();
    assert!(left.stored.iter().all(|kept| kept.service != "old"), "{:?}", left.stored);
    numbered::check(&engine, &batches, "with everything sealed").await.unwrap();
    assert_eq!(quarantined(&engine), 0);

    let acknowledged: u64 = batches.iter().filter(|batch| batch.acknowledged).map(Batch::length).sum();
    let cut_off = batches.iter().filter(|batch| !batch.acknowledged).count();
    println!(
        "{kills} kills and {while_starting} more while starting; {acknowledged} records acknowledged and found, \
         {} scrapes; {cut_off} batches cut off; interrupted: {under_way:?}",
        scraped.len()
    );
    for way in Way::ALL {
        let of_way = |batch: &&Batch| batch.way == way && batch.acknowledged;
        assert!(batches.iter().filter(of_way).count() >= kills, "too few of {way:?} to tell anything");
    }
    assert!(cut_off >= kills && scraped.len() >= kills / 4, "{cut_off} {}", scraped.len());
    assert!(under_way.values().sum::<usize>() >= kills / 4, "{under_way:?}");
}

/// Mostly small batches, some large.
fn pause_and_size() -> (Duration, u64) {
    let mut random = rand::rng();
    let size =
        if random.random_bool(0.03) { random.random_range(100..400) } else { random.random_range(1..20) };
    (Duration::from_millis(random.random_range(0..25)), size)
}

/// Sends some batches again whose fate is unknown, as exporters do.
async fn send_again(engine: &EngineProcess, batches: &mut [Batch]) {
    let unknown = batches.iter_mut().filter(|batch| !batch.acknowledged && batch.attempts == 1);
    for batch in unknown.take(Way::ALL.len()) {
        batch.attempts += 1;
        let mut connection = batch.way.connect(engine).await.unwrap();
        batch.acknowledged = connection.send(batch.numbers.clone()).await.is_ok();
    }
}

/// The scraped numbers that the engine keeps; no number is there twice.
async fn scraped_by(engine: &EngineProcess) -> BTreeSet<u64> {
    let values = numbered::values(engine, &[(SCRAPED_METRIC, ())]).await.unwrap();
    let numbers: Vec<_> =
        values.iter().filter(|(_, value)| !value.is_nan()).map(|(_, value)| *value as u64).collect();
    let distinct: BTreeSet<_> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), numbers.len(), "scraped once and kept twice: {numbers:?}");
    distinct
}

/// Sends records of every signal that are too old to be kept, until the engine is gone.
async fn send_what_is_old(address: std::net::SocketAddr) {
    let Ok(mut connection) = OtlpConnection::open(address).await else { return };
    let who = || otlp_load::resource("old", Vec::new());
    for place in 0.. {
        let time = otlp_load::now() - LONG_AGO + place;
        let point = otlp_load::gauge("old.value", vec![otlp_load::data_point(time, place as f64)]);
        let log = otlp_load::log_record(time, "an old line");
        let span = otlp_load::span(time, place + 1, "an old step");
        for (signal, request) in [
            (Signal::Metrics, otlp_load::metrics_request(who(), vec![point]).encode_to_vec()),
            (Signal::Logs, otlp_load::logs_request(who(), vec![log]).encode_to_vec()),
            (Signal::Spans, otlp_load::spans_request(who(), vec![span]).encode_to_vec()),
        ] {
            if connection.send(signal, request).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Asks for one step of keeping in order after the other.
struct Maintenance {
    step: Arc<Mutex<Option<&'static str>>>,
    asking: JoinHandle<()>,
}

impl Maintenance {
    fn start(engine: &EngineProcess) -> Self {
        let step = Arc::new(Mutex::new(None));
        let (client, now) = (tls::http_client(), Arc::clone(&step));
        let (address, token) = (engine.address().to_owned(), engine.token().to_owned());
        let asking = tokio::spawn(async move {
            for name in MAINTENANCE.into_iter().cycle() {
                let request = client.post(format!("{address}/api/command/{name}")).bearer_auth(&token);
                *now.lock().unwrap() = Some(name);
                let answer = request.json(&json!({})).send().await;
                *now.lock().unwrap() = None;
                if !answer.is_ok_and(|answer| answer.status().is_success()) {
                    return;
                }
            }
        });
        Self { step, asking }
    }

    /// What is being done.
    fn step(&self) -> Option<&'static str> {
        *self.step.lock().unwrap()
    }

    fn end(self) {
        self.asking.abort();
    }
}

/// Partitions that were found damaged.
fn quarantined(engine: &EngineProcess) -> usize {
    fs::read_dir(engine.data().join("quarantine")).map_or(0, Iterator::count)
}
