//! Writes of generated samples to a store and to Prometheus.

use std::net::SocketAddr;

use model::{TelemetryBatch, Timestamp};
use store::Store;
use test_support::{
    prometheus_server::Prometheus,
    remote_write::WriteConnection,
    wait::wait_until,
    write_request::{Label, Sample, TimeSeries, WriteRequest},
};

use super::generate::{Generated, LENGTH, START};

/// Samples in a batch, about.
const BATCH: usize = 50_000;
/// Length of the part of the samples that Prometheus receives at a time, in milliseconds. It
/// rejects samples that are much older than others.
const PART: i64 = 600_000;

/// Writes samples to a store.
pub(super) async fn to_store(store: &Store, series: &[Generated]) {
    let mut batch = TelemetryBatch::default();
    for (series, samples) in series {
        for (time, value) in samples {
            batch.add_sample(series.clone(), Timestamp(time * 1_000_000), *value);
        }
        if batch.samples.len() >= BATCH {
            write(store, std::mem::take(&mut batch)).await;
        }
    }
    write(store, batch).await;
}

async fn write(store: &Store, batch: TelemetryBatch) {
    wait_until("the store takes samples", async || Ok(store.write(batch.clone()).await.is_ok()))
        .await
        .unwrap();
}

/// Writes samples to Prometheus.
pub(super) async fn to_prometheus(prometheus: &Prometheus, series: &[Generated]) {
    let address: SocketAddr = prometheus.address().parse().unwrap();
    let connection = WriteConnection::new(address);
    let send = async |series: Vec<TimeSeries>| {
        let request = WriteRequest { series, ..WriteRequest::default() }.compressed();
        wait_until("Prometheus takes samples", async || {
            let answer = connection.send(request.clone()).await?;
            Ok(answer.status().is_success())
        })
        .await
        .unwrap();
    };
    for part in 0..=LENGTH * 1000 / PART {
        let from = START * 1000 + part * PART;
        let (mut waiting, mut samples) = (Vec::new(), 0);
        for generated in series {
            let of_part = part_of(generated, from, from + PART);
            samples += of_part.samples.len();
            if !of_part.samples.is_empty() {
                waiting.push(of_part);
            }
            if samples >= BATCH {
                send(std::mem::take(&mut waiting)).await;
                samples = 0;
            }
        }
        send(waiting).await;
    }
}

fn part_of((series, samples): &Generated, from: i64, to: i64) -> TimeSeries {
    let mut labels = vec![Label::new("__name__", &series.name)];
    labels.extend(series.attributes.0.iter().map(|(key, value)| Label::new(key, &value.to_string())));
    labels.sort_by(|left, right| left.name.cmp(&right.name));
    let inside = samples.iter().filter(|(time, _)| *time >= from && *time < to);
    let samples = inside.map(|(timestamp, value)| Sample { value: *value, timestamp: *timestamp }).collect();
    TimeSeries { labels, samples, ..TimeSeries::default() }
}
