//! Remote write requests, and the answers of the receiver.

use ingest::IntakeCounters;
use model::{Buckets, MetricKind, Temporality, TimeRange, Timestamp, is_stale};
use prost::Message;

use crate::{
    receiver::{now, within},
    write_requests::*,
};

fn millis() -> i64 {
    (now() / 1_000_000) as i64
}

#[tokio::test]
async fn the_first_version_is_stored_before_it_is_acknowledged() {
    let mut receiver = Receiver::start().await;
    let time = millis();
    let request = WriteRequest {
        series: vec![
            first(
                &[("__name__", "http_requests_total"), ("instance", "h:1"), ("job", "shop")],
                &[(time, 5.0)],
            ),
            first(
                &[("__name__", "up"), ("job", "shop")],
                &[(time, 1.0), (time - 60_000, f64::from_bits(STALE_BITS))],
            ),
        ],
        metadata: vec![],
    };
    let response = receiver.send(V1, request.encode_to_vec()).await;
    assert_eq!(response.status(), 204);
    assert_eq!(written(&response), [2 + 1, 0, 0]);
    let batch = receiver.committed();
    assert_eq!(batch.samples.len(), 3);
    assert!(is_stale(batch.samples[2].value));
    let counter = &batch.series[0].1;
    assert_eq!((counter.kind, counter.temporality), (MetricKind::Counter, Temporality::Cumulative));
    assert_eq!(counter.resource.service(), "shop");
    assert_eq!(counter.attributes.text("instance"), Some("h:1"));
    // A cached series is not described again. Late samples are accepted.
    let late = WriteRequest {
        series: vec![first(&[("__name__", "up"), ("job", "shop")], &[(time - 3_600_000, 1.0)])],
        metadata: vec![],
    };
    assert_eq!(receiver.send(V1, late.encode_to_vec()).await.status(), 204);
    let again = receiver.committed();
    assert_eq!((again.series.len(), again.samples[0].series), (0, batch.samples[1].series));
    assert_eq!(IntakeCounters::snapshot(&receiver.counters).0.samples, 4);
}

fn metadata(kind: i32, family: &str) -> MetricMetadata {
    MetricMetadata {
        kind,
        metric_family_name: family.into(),
        help: format!("{family}."),
        unit: String::new(),
    }
}

#[tokio::test]
async fn metadata_apply_to_the_samples_of_their_request() {
    let mut receiver = Receiver::start().await;
    let series = [("forks", 7.0), ("waiting_count", 3.0)]
        .map(|(name, value)| first(&[("__name__", name)], &[(millis(), value)]));
    let message = WriteRequest {
        series: series.to_vec(),
        metadata: vec![metadata(1, "forks"), metadata(2, "waiting_count")],
    };
    assert_eq!(receiver.send(V1, message.encode_to_vec()).await.status(), 204);
    let kinds: Vec<_> = receiver
        .committed()
        .series
        .into_iter()
        .map(|(_, series)| (series.kind, series.description))
        .collect();
    assert_eq!(
        kinds,
        [(MetricKind::Counter, "forks.".to_owned()), (MetricKind::Gauge, "waiting_count.".to_owned())]
    );
}

#[tokio::test]
async fn samples_from_before_metadata_belong_to_the_same_series() {
    let mut receiver = Receiver::start().await;
    let time = millis() - 60_000;
    let request = |ago: i64, metadata: Vec<MetricMetadata>| {
        let timeseries = [("forks", 10 * ago), ("waiting_count", 5)]
            .map(|(name, value)| first(&[("__name__", name), ("job", "k")], &[(time + ago, value as f64)]));
        WriteRequest { series: timeseries.to_vec(), metadata }.encode_to_vec()
    };
    assert_eq!(receiver.send(V1, request(0, vec![])).await.status(), 204);
    let undeclared: Vec<_> = receiver.committed().series.iter().map(|(_, series)| series.kind).collect();
    assert_eq!(undeclared, [MetricKind::Gauge, MetricKind::Counter]);
    let only_metadata =
        WriteRequest { series: vec![], metadata: vec![metadata(1, "forks"), metadata(2, "waiting_count")] };
    assert_eq!(receiver.send(V1, only_metadata.encode_to_vec()).await.status(), 204);
    assert_eq!(receiver.send(V1, request(1000, vec![])).await.status(), 204);
    receiver.committed();
    // Another run, which has no metadata yet.
    receiver.serve_again().await;
    assert_eq!(receiver.send(V1, request(2000, vec![])).await.status(), 204);
    receiver.committed();
    let range = TimeRange::new(Timestamp((time - 1) * 1_000_000), Timestamp((time + 5000) * 1_000_000));
    for (metric, kind, count, increase) in
        [("forks", MetricKind::Counter, 3, 20_000.0), ("waiting_count", MetricKind::Gauge, 3, 0.0)]
    {
        let selected = receiver.store.metrics().select(metric, &[], range).await.unwrap();
        let read = selected.buckets(3_600_000_000_000).await.unwrap();
        assert_eq!((read.len(), read[0].kind), (1, kind), "{metric}");
        let buckets = &read[0].buckets;
        assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), count, "{metric}");
        let counters = selected.counters(3_600_000_000_000).await.unwrap();
        let gained = counters[0].buckets.iter().map(|bucket| bucket.gain + bucket.increase).sum::<f64>();
        assert_eq!(gained, increase, "{metric}");
    }
}

#[tokio::test]
async fn a_small_request_full_of_new_series_is_stored_like_any_other() {
    let mut receiver = Receiver::start().await;
    let request = |metadata: Vec<MetricMetadata>| {
        let timeseries = (0..500)
            .map(|place| first(&[("__name__", "x"), ("place", &place.to_string())], &[(millis(), 1.0)]))
            .collect();
        WriteRequest { series: timeseries, metadata }.encode_to_vec()
    };
    assert_eq!(receiver.send(V1, request(vec![])).await.status(), 204);
    let batch = receiver.committed();
    assert_eq!((batch.series.len(), batch.samples.len()), (500, 500));
    assert_eq!(receiver.send(V1, request(vec![])).await.status(), 204);
    assert_eq!(receiver.committed().series.len(), 0);
    let many = (0..1000).map(|number| metadata(2, &format!("y{number}"))).chain([metadata(1, "x")]).collect();
    assert_eq!(receiver.send(V1, request(many)).await.status(), 204);
    let batch = receiver.committed();
    assert!(batch.series.len() == 500 && batch.series[0].1.kind == MetricKind::Counter);
}

#[tokio::test]
async fn a_counter_remains_one_after_a_restart_before_metadata_arrive() {
    let mut receiver = Receiver::start().await;
    let request = |metadata: Vec<MetricMetadata>| {
        let timeseries = ["forks", "load"].map(|name| first(&[("__name__", name)], &[(millis(), 1.0)]));
        WriteRequest { series: timeseries.to_vec(), metadata }.encode_to_vec()
    };
    let only_metadata =
        WriteRequest { series: vec![], metadata: vec![metadata(1, "forks"), metadata(2, "load")] };
    assert_eq!(receiver.send(V1, only_metadata.encode_to_vec()).await.status(), 204);
    assert_eq!(receiver.send(V1, request(vec![])).await.status(), 204);
    let before: Vec<_> =
        receiver.committed().series.into_iter().map(|(id, series)| (id, series.kind)).collect();
    assert_eq!(
        before.iter().map(|(_, kind)| *kind).collect::<Vec<_>>(),
        [MetricKind::Counter, MetricKind::Gauge]
    );
    // Another run of the receiver on the same store has no metadata.
    receiver.serve_again().await;
    assert_eq!(receiver.send(V1, request(vec![])).await.status(), 204);
    let after: Vec<_> =
        receiver.committed().series.into_iter().map(|(id, series)| (id, series.kind)).collect();
    assert_eq!(after, before, "the same series");
    // Later metadata take precedence.
    receiver.serve_again().await;
    assert_eq!(receiver.send(V1, request(vec![metadata(2, "forks")])).await.status(), 204);
    assert!(receiver.committed().series.iter().all(|(_, series)| series.kind == MetricKind::Gauge));
}

#[tokio::test]
async fn the_second_version_sends_everything_with_the_series() {
    let mut receiver = Receiver::start().await;
    let time = millis();
    let mut symbols = Symbols::default();
    let counter = SecondSeries {
        labels_refs: symbols.labels(&[("__name__", "io"), ("job", "disk")]),
        samples: vec![SecondSample { value: 2.0, timestamp: time, start_timestamp: 0 }],
        exemplars: vec![SecondExemplar {
            labels_refs: symbols.labels(&[("trace_id", &"ab".repeat(16)), ("user", "eve")]),
            value: 0.5,
            timestamp: time,
        }],
        metadata: Some(SecondMetadata {
            kind: 1,
            help_ref: symbols.add("Bytes moved."),
            unit_ref: symbols.add("bytes"),
        }),
        created_timestamp: time - 5000,
        ..SecondSeries::default()
    };
    let exponential = SecondSeries {
        labels_refs: symbols.labels(&[("__name__", "latency_seconds")]),
        histograms: vec![NativeHistogram {
            count: Some(6),
            sum: 1.5,
            schema: 2,
            positive_spans: vec![BucketSpan { offset: 1, length: 2 }],
            positive_deltas: vec![2, 2],
            timestamp: time,
            ..NativeHistogram::default()
        }],
        ..SecondSeries::default()
    };
    let custom = SecondSeries {
        labels_refs: symbols.labels(&[("__name__", "size_bytes")]),
        histograms: vec![NativeHistogram {
            schema: -53,
            custom_values: vec![1.0, 2.0],
            positive_spans: vec![BucketSpan { offset: 0, length: 3 }],
            positive_counts: vec![1.0, 0.0, 3.0],
            timestamp: time,
            start_timestamp: time - 9000,
            ..NativeHistogram::default()
        }],
        ..SecondSeries::default()
    };
    let request = SecondRequest { symbols: symbols.texts(), timeseries: vec![counter, exponential, custom] };
    let response = receiver.send(V2, request.encode_to_vec()).await;
    assert_eq!(response.status(), 204);
    assert_eq!(written(&response), [1, 2, 1]);
    let batch = receiver.committed();
    let series = &batch.series[0].1;
    assert_eq!(
        (series.kind, series.unit.as_str(), series.description.as_str()),
        (MetricKind::Counter, "By", "Bytes moved.")
    );
    assert_eq!(batch.samples[0].time.since(batch.samples[0].start_time.unwrap()), 5_000_000_000);
    assert_eq!(batch.exemplars[0].trace_id.unwrap().to_string(), "ab".repeat(16));
    assert_eq!(batch.exemplars[0].attributes.text("user"), Some("eve"));
    assert_eq!(batch.series[1].1.kind, MetricKind::ExponentialHistogram);
    assert_eq!(batch.histograms[0].count, 6);
    assert_eq!(batch.series[2].1.kind, MetricKind::Histogram);
    assert_eq!(
        batch.histograms[1].buckets,
        Buckets::Explicit { bounds: vec![1.0, 2.0], counts: vec![1, 0, 3] }
    );
    assert!(batch.histograms[1].start_time.is_some());
}

#[tokio::test]
async fn fractional_counts_are_rounded_with_a_warning() {
    let mut receiver = Receiver::start().await;
    let request = |name: &str, counts: Vec<f64>| {
        let histogram = NativeHistogram {
            count_float: Some(counts.iter().sum()),
            schema: 1,
            positive_spans: vec![BucketSpan { offset: 1, length: 2 }],
            positive_counts: counts,
            timestamp: millis(),
            ..NativeHistogram::default()
        };
        let timeseries =
            vec![FirstSeries { histograms: vec![histogram], ..first(&[("__name__", name)], &[]) }];
        WriteRequest { series: timeseries, metadata: vec![] }.encode_to_vec()
    };
    assert_eq!(receiver.send(V1, request("whole", vec![1.0, 2.0])).await.status(), 204);
    assert_eq!((receiver.committed().histograms[0].count, receiver.counters.warning()), (3, ""));
    assert_eq!(receiver.send(V1, request("pace", vec![1.3, 0.6])).await.status(), 204);
    assert_eq!(receiver.committed().histograms[0].count, 2);
    assert!(
        receiver.counters.warning().contains("such as pace, are rounded"),
        "{}",
        receiver.counters.warning()
    );
}

#[tokio::test]
async fn valid_series_of_an_invalid_request_are_stored_and_counted() {
    let mut receiver = Receiver::start().await;
    let time = millis();
    let request = WriteRequest {
        series: vec![
            first(&[("__name__", "good")], &[(time, 1.0)]),
            first(&[("__name__", "a"), ("z", "1"), ("b", "2")], &[(time, 1.0)]),
            first(&[("job", "nameless")], &[(time, 1.0), (time, 2.0)]),
            first(&[("__name__", "future")], &[(time + 10 * 86_400_000, 1.0), (time, 3.0)]),
        ],
        metadata: vec![],
    };
    let response = receiver.send(V1, request.encode_to_vec()).await;
    assert_eq!(response.status(), 400);
    assert_eq!(written(&response), [2, 0, 0]);
    let message = response.text().await.unwrap();
    assert!(message.starts_with("4 points rejected: \"a\": labels are not in order"), "{message}");
    let batch = receiver.committed();
    assert_eq!(batch.samples.iter().map(|sample| sample.value).collect::<Vec<_>>(), [1.0, 3.0]);

    let mut symbols = Symbols::default();
    let labels_refs = symbols.labels(&[("__name__", "x")]);
    let astray = SecondSeries {
        labels_refs: vec![1, 99],
        samples: vec![SecondSample { value: 1.0, timestamp: time, start_timestamp: 0 }],
        ..SecondSeries::default()
    };
    let fine = SecondSeries { labels_refs, ..astray.clone() };
    let request = SecondRequest { symbols: symbols.texts(), timeseries: vec![astray, fine] };
    let response = receiver.send(V2, request.encode_to_vec()).await;
    assert_eq!((response.status().as_u16(), written(&response)), (400, [1, 0, 0]));
    assert_eq!(receiver.committed().samples.len(), 1);
}

#[tokio::test]
async fn other_requests_are_rejected_as_the_specification_requires() {
    let mut receiver = Receiver::start().await;
    let good =
        WriteRequest { series: vec![first(&[("__name__", "good")], &[(millis(), 1.0)])], metadata: vec![] }
            .encode_to_vec();
    let compressed = compress(&good);
    let mut symbols = Symbols::default();
    let series = SecondSeries {
        labels_refs: symbols.labels(&[("__name__", "good")]),
        samples: vec![SecondSample { value: 1.0, timestamp: millis(), start_timestamp: 0 }],
        ..SecondSeries::default()
    };
    let second = SecondRequest { symbols: symbols.texts(), timeseries: vec![series] }.encode_to_vec();
    for (headers, body, status) in [
        (vec![("content-type", "application/json")], compressed.clone(), 415),
        (
            vec![("content-type", "application/x-protobuf;proto=io.prometheus.write.v3.Request")],
            compressed.clone(),
            415,
        ),
        (vec![("content-type", V1), ("content-encoding", "gzip")], compressed.clone(), 415),
        (vec![("content-type", V1), ("content-encoding", "zstd")], compressed.clone(), 415),
        (vec![("content-type", V1), ("origin", "https://evil.example")], compressed.clone(), 403),
        (vec![("content-type", V1)], good.clone(), 400),
        (vec![("content-type", V1)], compressed[..compressed.len() - 3].to_vec(), 400),
        (vec![("content-type", V1)], vec![], 400),
        (vec![("content-type", V1)], compress(b"\x0a\xff\xff"), 400),
        (vec![("content-type", V2)], compress(b"\x2a\x00"), 400),
        // One version announced as the other.
        (vec![("content-type", V2)], compressed.clone(), 400),
        (vec![("content-type", V1)], compress(&second), 400),
        // Ten bytes that announce 63 MiB, and a header that announces 4 GiB.
        (vec![("content-type", V1)], [&[0x80, 0x80, 0x80, 0x1f][..], &[0; 6]].concat(), 400),
        (vec![("content-type", V1)], vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0], 413),
        (vec![("content-type", V1)], compress(&vec![0; 65 << 20]), 413),
    ] {
        let response = receiver.send_with(&headers, body).await;
        let actual = response.status().as_u16();
        let message = response.text().await.unwrap();
        assert_eq!(actual, status, "{headers:?} {message}");
        assert!(!message.is_empty());
    }
    assert!(receiver.committed().is_empty());
    // The receiver still works, and a request without headers is one of the first version.
    assert_eq!(receiver.send_with(&[], compressed).await.status(), 204);
    assert_eq!(receiver.committed().samples.len(), 1);
    let client = tls::http_client();
    let got = client.get(receiver.url("/api/v1/write")).send().await.unwrap();
    assert_eq!(got.status(), 405);
    assert_eq!(client.post(receiver.url("/write")).send().await.unwrap().status(), 404);
    assert_eq!(receiver.send_to("/api/v1/push", V1, good).await.status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_asks_to_retry() {
    let receiver = Receiver::start_with(store::StoreOptions { queue_records: 1, ..Default::default() }).await;
    let filler = receiver.fill_queue();
    let body =
        WriteRequest { series: vec![first(&[("__name__", "x")], &[(millis(), 1.0)])], metadata: vec![] }
            .encode_to_vec();
    let busy = within("a busy answer", async {
        loop {
            let response = receiver.send(V1, body.clone()).await;
            if response.status() == 503 {
                return response;
            }
        }
    })
    .await;
    assert!(busy.headers().contains_key("retry-after"));
    filler.abort();
    let stored = within("room", async { while receiver.send(V1, body.clone()).await.status() != 204 {} });
    stored.await;
}
