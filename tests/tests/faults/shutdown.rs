//! A stop under load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use runtime::Clock;
use test_support::{
    engine_process::EngineProcess,
    numbered::Numbers,
    otlp_load::{OtlpConnection, Signal},
    wait::wait_until,
};

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_cleanly_with_everything_acknowledged() {
    let mut engine = EngineProcess::start().await.unwrap();
    let address = engine.listener("otlp_grpc").await.unwrap();
    let numbers = Numbers::default();
    let acknowledged = [(); 3].map(|()| Arc::new(AtomicU64::new(0)));
    let senders: Vec<_> = Signal::ALL
        .into_iter()
        .zip(&acknowledged)
        .flat_map(|(signal, count)| [(signal, count.clone()), (signal, count.clone())])
        .map(|(signal, count)| {
            let numbers = numbers.clone();
            tokio::spawn(async move {
                let mut connection = OtlpConnection::open(address).await.unwrap();
                while connection.send(signal, signal.numbered(numbers.take(100))).await.is_ok() {
                    count.fetch_add(100, Ordering::Relaxed);
                }
            })
        })
        .collect();
    wait_until("every signal is acknowledged", async || {
        Ok(acknowledged.iter().all(|count| count.load(Ordering::Relaxed) >= 1000))
    })
    .await
    .unwrap();
    let clock = Clock::system();
    let begun = clock.instant();
    let ended = engine.stop().await.unwrap();
    assert_eq!(ended.code(), Some(0), "{}", engine.log());
    // The time that service managers grant before they kill.
    let took = clock.instant() - begun;
    assert!(took < Duration::from_secs(15), "it took {took:?}");
    for sender in senders {
        sender.await.unwrap();
    }

    engine.start_again().await.unwrap();
    for (signal, count) in Signal::ALL.into_iter().zip(&acknowledged) {
        let count = count.load(Ordering::Relaxed);
        let stored = stored(&engine, signal).await;
        assert!(count > 0 && stored >= count, "{signal:?}: {count} acknowledged, {stored} stored");
    }
}

/// Counts the stored numbered records of a signal.
async fn stored(engine: &EngineProcess, signal: Signal) -> u64 {
    let (name, mark) = match signal {
        Signal::Metrics => ("metrics", test_support::otlp_load::NUMBERED_METRIC),
        Signal::Logs => ("logs", test_support::otlp_load::NUMBERED_MARK),
        Signal::Spans => ("spans", test_support::otlp_load::NUMBERED_MARK),
    };
    let range = model::TimeRange::last(3600, model::Timestamp(test_support::otlp_load::now() as i64));
    let request = serde_json::json!({ "signal": name, "range": range, "format": "csv" });
    let file = engine.download("export", serde_json::json!({ "request": request })).await.unwrap();
    String::from_utf8(file).unwrap().lines().filter(|line| line.contains(mark)).count() as u64
}
