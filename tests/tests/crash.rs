//! `kill -9` while telemetry pours in, again and again on the same data folder.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{net::SocketAddr, time::Duration};

use rand::Rng;
use tests::{
    engine_process::EngineProcess,
    numbered::{self, Batch, Numbers, send_until_the_end},
    otlp_load::{OtlpConnection, Signal},
};

const KILLS: usize = 20;
const SENDERS_PER_SIGNAL: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn everything_acknowledged_survives_twenty_kills() {
    let mut engine = EngineProcess::start().await.unwrap();
    let next = Numbers::default();
    let mut batches: Vec<Batch> = Vec::new();
    for round in 0..KILLS {
        let address = engine.listener("otlp_grpc").await.unwrap();
        let senders: Vec<_> = (0..SENDERS_PER_SIGNAL)
            .flat_map(|_| Signal::ALL)
            .map(|signal| {
                let sizes = || rand::rng().random_range(1..400);
                tokio::spawn(send_until_the_end(address, signal, next.clone(), sizes))
            })
            .collect();
        if round % 2 == 1 {
            send_again(address, &mut batches).await;
        }
        let moment = rand::rng().random_range(50..900);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        engine.kill().unwrap();
        let before = batches.len();
        for sender in senders {
            batches.extend(sender.await.unwrap());
        }
        assert!(
            batches[before..].iter().any(|batch| !batch.acknowledged),
            "round {round}: the kill after {moment} ms interrupted nothing"
        );

        engine.start_again().await.unwrap();
        numbered::check(&engine, &batches, &format!("round {round}")).await.unwrap();
    }
    let acknowledged: u64 = batches.iter().filter(|batch| batch.acknowledged).map(Batch::length).sum();
    let unknown: u64 = batches.iter().filter(|batch| !batch.acknowledged).map(Batch::length).sum();
    println!("{acknowledged} records acknowledged and found, {unknown} cut off");
    for signal in Signal::ALL {
        let of_signal = |batch: &&Batch| batch.signal == signal && batch.acknowledged;
        assert!(batches.iter().filter(of_signal).count() >= KILLS, "too few {signal:?} to tell anything");
    }
}

/// Sends some batches again whose fate is unknown, as exporters do.
async fn send_again(address: SocketAddr, batches: &mut [Batch]) {
    let mut connection = OtlpConnection::open(address).await.unwrap();
    let unknown = batches.iter_mut().filter(|batch| !batch.acknowledged && batch.attempts == 1);
    for batch in unknown.take(Signal::ALL.len()) {
        batch.attempts += 1;
        batch.acknowledged =
            connection.send(batch.signal, batch.signal.numbered(batch.numbers.clone())).await.is_ok();
    }
}
