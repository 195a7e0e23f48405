//! Remote write as senders speak it, with messages made by hand.

mod support;

use ingest::IntakeCounters;
use model::{Buckets, MetricKind, Temporality, is_stale};
use prost::Message;
use support::{now, prometheus::*, within};

fn millis() -> i64 {
    (now() / 1_000_000) as i64
}

#[tokio::test]
async fn the_first_version_is_stored_before_it_is_acknowledged() {
    let mut receiver = Receiver::start().await;
    let time = millis();
    let request = WriteRequest {
        timeseries: vec![
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
    // A series that is known is not described again; late samples are welcome.
    let late = WriteRequest {
        timeseries: vec![first(&[("__name__", "up"), ("job", "shop")], &[(time - 3_600_000, 1.0)])],
        metadata: vec![],
    };
    assert_eq!(receiver.send(V1, late.encode_to_vec()).await.status(), 204);
    let again = receiver.committed();
    assert_eq!((again.series.len(), again.samples[0].series), (0, batch.samples[1].series));
    assert_eq!(IntakeCounters::snapshot(&receiver.counters).0.samples, 4);
}

#[tokio::test]
async fn metadata_of_the_first_version_settles_the_kind_of_what_follows() {
    let mut receiver = Receiver::start().await;
    let request = |metadata: Vec<MetricMetadata>| WriteRequest {
        timeseries: vec![first(&[("__name__", "forks")], &[(millis(), 1.0)])],
        metadata,
    };
    let told = MetricMetadata {
        kind: 1,
        metric_family_name: "forks".into(),
        help: "Forks.".into(),
        unit: "".into(),
    };
    assert_eq!(receiver.send(V1, request(vec![told]).encode_to_vec()).await.status(), 204);
    assert_eq!(receiver.committed().series[0].1.kind, MetricKind::Gauge);
    receiver.send(V1, request(vec![]).encode_to_vec()).await;
    let later = receiver.committed();
    assert_eq!(
        (later.series[0].1.kind, later.series[0].1.description.as_str()),
        (MetricKind::Counter, "Forks.")
    );
}

#[tokio::test]
async fn a_counter_goes_on_as_one_after_a_start_before_metadata_come() {
    let mut receiver = Receiver::start().await;
    let request = |metadata: Vec<MetricMetadata>| {
        let timeseries = ["forks", "load"].map(|name| first(&[("__name__", name)], &[(millis(), 1.0)]));
        WriteRequest { timeseries: timeseries.to_vec(), metadata }.encode_to_vec()
    };
    let told = |kind, family: &str| MetricMetadata {
        kind,
        metric_family_name: family.into(),
        help: String::new(),
        unit: String::new(),
    };
    let only_told = WriteRequest { timeseries: vec![], metadata: vec![told(1, "forks"), told(2, "load")] };
    assert_eq!(receiver.send(V1, only_told.encode_to_vec()).await.status(), 204);
    assert_eq!(receiver.send(V1, request(vec![])).await.status(), 204);
    let before: Vec<_> =
        receiver.committed().series.into_iter().map(|(id, series)| (id, series.kind)).collect();
    assert_eq!(
        before.iter().map(|(_, kind)| *kind).collect::<Vec<_>>(),
        [MetricKind::Counter, MetricKind::Gauge]
    );
    // Another run of the receiver on the same store knows no metadata.
    receiver.serve_anew().await;
    assert_eq!(receiver.send(V1, request(vec![])).await.status(), 204);
    let after: Vec<_> =
        receiver.committed().series.into_iter().map(|(id, series)| (id, series.kind)).collect();
    assert_eq!(after, before, "the same series");
    // What is told later wins.
    receiver.serve_anew().await;
    assert_eq!(receiver.send(V1, request(vec![told(2, "forks")])).await.status(), 204);
    receiver.committed();
    receiver.send(V1, request(vec![])).await;
    assert!(receiver.committed().series.iter().all(|(_, series)| series.kind == MetricKind::Gauge));
}

#[tokio::test]
async fn the_second_version_brings_everything_with_the_series() {
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
            count: Some(native_histogram::Count::Int(6)),
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
async fn good_series_of_a_bad_request_are_kept_and_counted() {
    let mut receiver = Receiver::start().await;
    let time = millis();
    let request = WriteRequest {
        timeseries: vec![
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
    let words = response.text().await.unwrap();
    assert!(words.starts_with("4 points were refused: \"a\": labels are not in order"), "{words}");
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
async fn what_is_not_remote_write_is_refused_as_the_specification_says() {
    let mut receiver = Receiver::start().await;
    let good = WriteRequest {
        timeseries: vec![first(&[("__name__", "good")], &[(millis(), 1.0)])],
        metadata: vec![],
    }
    .encode_to_vec();
    let packed = pack(&good);
    for (headers, body, status) in [
        (vec![("content-type", "application/json")], packed.clone(), 415),
        (
            vec![("content-type", "application/x-protobuf;proto=io.prometheus.write.v3.Request")],
            packed.clone(),
            415,
        ),
        (vec![("content-type", V1), ("content-encoding", "gzip")], packed.clone(), 415),
        (vec![("content-type", V1), ("content-encoding", "zstd")], packed.clone(), 415),
        (vec![("content-type", V1), ("origin", "https://evil.example")], packed.clone(), 403),
        (vec![("content-type", V1)], good.clone(), 400),
        (vec![("content-type", V1)], packed[..packed.len() - 3].to_vec(), 400),
        (vec![("content-type", V1)], vec![], 400),
        (vec![("content-type", V1)], pack(b"\x0a\xff\xff"), 400),
        (vec![("content-type", V2)], pack(b"\x2a\x00"), 400),
        // Ten bytes that promise 63 MiB, and a header that promises 4 GiB.
        (vec![("content-type", V1)], [&[0x80, 0x80, 0x80, 0x1f][..], &[0; 6]].concat(), 400),
        (vec![("content-type", V1)], vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0], 413),
        (vec![("content-type", V1)], pack(&vec![0; 65 << 20]), 413),
    ] {
        let response = receiver.send_with(&headers, body).await;
        let told = response.status().as_u16();
        let words = response.text().await.unwrap();
        assert_eq!(told, status, "{headers:?} {words}");
        assert!(!words.is_empty());
    }
    assert!(receiver.committed().is_empty());
    // Nothing was harmed, and a sender without any headers speaks the first version.
    assert_eq!(receiver.send_with(&[], packed).await.status(), 204);
    assert_eq!(receiver.committed().samples.len(), 1);
    let client = reqwest::Client::new();
    let got = client.get(receiver.url("/api/v1/write")).send().await.unwrap();
    assert_eq!(got.status(), 405);
    assert_eq!(client.post(receiver.url("/write")).send().await.unwrap().status(), 404);
    assert_eq!(receiver.send_to("/api/v1/push", V1, good).await.status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_store_asks_to_come_again() {
    let receiver = Receiver::start_with(store::StoreOptions { queue_records: 1, ..Default::default() }).await;
    let filler = receiver.keep_queue_full();
    let body =
        WriteRequest { timeseries: vec![first(&[("__name__", "x")], &[(millis(), 1.0)])], metadata: vec![] }
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
