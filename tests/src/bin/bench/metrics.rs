//! Throughput and storage of metrics: the same remote write requests to Binnacle,
//! VictoriaMetrics and Prometheus, in turns.

mod contender;
mod hosts;
mod payload;
mod recording;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use reqwest::StatusCode;
use test_support::wait::wait_until;
use tokio::sync::Barrier;

use self::{contender::Contender, hosts::Host, payload::Payload};
use crate::{
    process::{Memory, ProcessorTime},
    table::{self, grouped},
};

/// Number of sending hosts.
const HOSTS: usize = 30;
/// Scrapes of each host: four hours at 15 s.
const STEPS: usize = recording::SCRAPES;
/// Rounds of each contender. The one with the median rate counts, because the speed of machines
/// varies over time.
const ROUNDS: usize = 5;
/// Maximum scrapes by which a host is ahead of another: ten minutes. Prometheus rejects samples
/// that are an hour late.
const MAX_LEAD: usize = 40;

struct Outcome {
    name: &'static str,
    rate: f64,
    processor: f64,
    memory: f64,
    bytes: f64,
    merged: Option<f64>,
}

/// Sends the payload to each contender and prints a table with ratios.
pub(crate) async fn run() -> Result<()> {
    let target = std::env::current_exe()?;
    let folder = target.ancestors().nth(2).unwrap_or(Path::new(".")).join("bench").join("node_exporter");
    let recorded = recording::recording(&folder).await?;
    println!("making requests of {HOSTS} hosts with {} series each ...", recorded.len());
    let span = STEPS as i64 * payload::SPACING;
    let first =
        (test_support::otlp_load::now() as i64 / 1_000_000 - span) / payload::SPACING * payload::SPACING;
    let hosts: Vec<Host> = (0..HOSTS).map(Host::new).collect();
    let payloads = hosts
        .iter()
        .map(|host| payload::payload(&recorded, host, STEPS, first).map(Arc::new))
        .collect::<Result<Vec<_>>>()?;
    let mut rounds: [Vec<Outcome>; 3] = Default::default();
    for round in 1..=ROUNDS {
        for (number, outcomes) in rounds.iter_mut().enumerate() {
            let contender = match number {
                0 => Contender::binnacle().await?,
                1 => Contender::victoria_metrics().await?,
                _ => Contender::prometheus().await?,
            };
            println!("round {round} of {ROUNDS}: {} ...", contender.name());
            outcomes.push(measure(contender, &payloads).await?);
        }
    }
    print(&rounds.map(median));
    let samples: u64 = payloads.iter().map(|payload| payload.samples).sum();
    println!(
        "\nThe median of {ROUNDS} rounds. {} samples of {} series, {HOSTS} hosts, each with its own connection and one request per scrape; the senders on \
         the same cores. Binnacle answers once the samples are synced to disk, the others before.",
        grouped(samples as f64),
        grouped((recorded.len() * HOSTS) as f64)
    );
    Ok(())
}

/// Returns the outcome with the median rate.
fn median(mut outcomes: Vec<Outcome>) -> Outcome {
    outcomes.sort_by(|left, right| left.rate.total_cmp(&right.rate));
    outcomes.swap_remove(outcomes.len() / 2)
}

async fn measure(mut contender: Contender, payloads: &[Arc<Payload>]) -> Result<Outcome> {
    let url = contender.url().await?;
    let process = contender.process_id()?;
    let before = ProcessorTime::of(process)?;
    let begun = Instant::now();
    let step = Arc::new(Barrier::new(payloads.len()));
    let senders: Vec<_> = payloads
        .iter()
        .map(|payload| tokio::spawn(send(url.clone(), Arc::clone(payload), Arc::clone(&step))))
        .collect();
    for sender in senders {
        sender.await??;
    }
    let took = begun.elapsed().as_secs_f64();
    let processor = ProcessorTime::of(process)?.seconds_since(before);
    let memory = Memory::of(process)?.max;
    let samples: u64 = payloads.iter().map(|payload| payload.samples).sum();
    println!("  {} samples/s acknowledged", grouped(samples as f64 / took));
    // A contender may update its counter only once a second.
    wait_until("every sample is counted", async || {
        let counted = contender.samples().await?;
        ensure!(counted >= samples, "{} counts {counted} of {samples} samples", contender.name());
        Ok(true)
    })
    .await?;
    let (bytes, merged) = contender.stored_bytes().await?;
    Ok(Outcome {
        name: contender.name(),
        rate: samples as f64 / took,
        processor: processor / samples as f64 * 1e6,
        memory,
        bytes: bytes as f64 / samples as f64,
        merged: merged.map(|bytes| bytes as f64 / samples as f64),
    })
}

/// Sends one request after another, at most [`MAX_LEAD`] scrapes ahead of the other senders.
async fn send(url: String, payload: Arc<Payload>, step: Arc<Barrier>) -> Result<()> {
    let client = tls::http_client_builder().no_proxy().build()?;
    for (index, request) in payload.requests.iter().enumerate() {
        if index % MAX_LEAD == 0 {
            step.wait().await;
        }
        loop {
            let answer = client
                .post(&url)
                .header("Content-Type", "application/x-protobuf")
                .header("Content-Encoding", "snappy")
                .header("X-Prometheus-Remote-Write-Version", "0.1.0")
                .body(request.clone())
                .send()
                .await?;
            match answer.status() {
                status if status.is_success() => break,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                status => bail!("{status}: {}", answer.text().await?),
            }
        }
    }
    Ok(())
}

fn print(outcomes: &[Outcome]) {
    let Some(ours) = outcomes.first() else { return };
    let ratio = |ours: f64, theirs: f64| {
        if ours == theirs { String::new() } else { format!(" ({:.2}x)", ours / theirs) }
    };
    println!();
    let rows: Vec<Vec<String>> = outcomes
        .iter()
        .map(|outcome| {
            vec![
                outcome.name.to_owned(),
                format!("{}{}", grouped(outcome.rate), ratio(ours.rate, outcome.rate)),
                format!("{:.3}{}", outcome.bytes, ratio(ours.bytes, outcome.bytes)),
                outcome
                    .merged
                    .map_or_else(String::new, |merged| format!("{merged:.3}{}", ratio(ours.bytes, merged))),
                format!("{:.2}{}", outcome.processor, ratio(ours.processor, outcome.processor)),
                format!("{:.0}{}", outcome.memory, ratio(ours.memory, outcome.memory)),
            ]
        })
        .collect();
    table::print(
        &[
            "contender (ours to theirs)",
            "samples/s acknowledged",
            "bytes per sample",
            "after a forced merge",
            "processor us per sample",
            "resident MiB, max",
        ],
        &rows,
    );
}
