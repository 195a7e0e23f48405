//! Retention by age and size. A crash leaves the old or the new state.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
};

use crate::fixtures::{metrics::copy, *};
use model::*;
use store::{MaintenanceEvent, Store};

const DAY: i64 = 24 * 3600;

fn limits(kind: DataKind, days: i64, bytes: u64) -> RetentionLimits {
    RetentionLimits { kind, age: days * DAY * NANOS_PER_SECOND, minutes_age: None, hours_age: None, bytes }
}

/// Returns samples of ten series and points of a histogram of a service, on a day before now.
fn metrics(service: &str, days_ago: i64, points: i64) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    for n in 0..points {
        let attributes = Attributes::new().with("n", n % 10);
        let time = at(n - days_ago * DAY);
        batch.add_sample(Series::gauge("g", "", resource(service), attributes), time, (n * n) as f64);
        let series = Series {
            kind: MetricKind::Histogram,
            ..Series::gauge("h", "s", resource(service), Attributes::new())
        };
        let series = batch.add_series(series);
        batch.histograms.push(HistogramPoint {
            series,
            time,
            start_time: None,
            count: 1,
            sum: Some(n as f64),
            min: None,
            max: None,
            buckets: Buckets::Explicit { bounds: vec![1.0], counts: vec![0, 1] },
        });
    }
    batch
}

/// Counts the samples and histogram points of each service in an export.
async fn points(store: &Store) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    let path = folder.path().join("export.csv");
    let range = TimeRange::new(at(-400 * DAY), at(DAY));
    let request = ExportRequest { signal: ExportSignal::Metrics, range, format: ExportFormat::Csv };
    store.admin().export(&request).await.unwrap().save(&path).unwrap();
    for line in fs::read_to_string(path).unwrap().lines().skip(1) {
        // time, metric, kind, unit, service, value
        *found.entry(line.split(',').nth(4).unwrap().to_owned()).or_default() += 1;
    }
    found
}

fn counts(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(service, count)| ((*service).to_owned(), *count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_size_limit_the_noisy_service_loses_its_oldest_points() {
    let (folder, store) = open();
    for day in [3, 2, 1] {
        store.write(metrics("noisy", day, 3000)).await.unwrap();
        store.write(metrics("quiet", day, 50)).await.unwrap();
    }
    store.admin().seal_now().await.unwrap();
    let before = points(&store).await;
    assert_eq!(before, counts(&[("noisy", 18_000), ("quiet", 300)]));
    let stored = store.admin().plan_retention(&[], NOW).await.unwrap().preview.stored;
    let rows = |service: &str| -> u64 {
        stored.iter().filter(|stored| stored.service == service).map(|stored| stored.rows).sum()
    };
    assert_eq!((rows("noisy"), rows("quiet")), (18_000, 300));
    let total: u64 = stored.iter().map(|stored| stored.bytes).sum();

    let plan =
        store.admin().plan_retention(&[limits(DataKind::Metrics, 365, total * 3 / 4)], NOW).await.unwrap();
    assert!(plan.preview.dropped.iter().all(|dropped| dropped.service == "noisy"), "{:?}", plan.preview);
    assert!(plan.preview.dropped.iter().all(|dropped| dropped.reason == DropReason::Size));
    let planned: u64 = plan.preview.dropped.iter().map(|dropped| dropped.rows).sum();
    assert!(planned > 0);
    assert_eq!(points(&store).await, before, "a preview deletes nothing");

    // A crash at any step leaves the old or the new state.
    let crashes = tempfile::tempdir().unwrap();
    let taken = Arc::new(Mutex::new(0));
    let (source, target, counter) = (folder.path().to_owned(), crashes.path().to_owned(), taken.clone());
    store.admin().watch_maintenance(move |_: MaintenanceEvent| {
        let mut counter = counter.lock().unwrap();
        copy(&source, &target.join(counter.to_string()));
        *counter += 1;
    });
    store.admin().apply_retention(plan).await.unwrap();
    store.admin().watch_maintenance(|_| {});
    let after = points(&store).await;
    assert_eq!(after["quiet"], 300);
    assert_eq!(after["noisy"], 18_000 - planned, "as in the preview");
    let copied = *taken.lock().unwrap();
    assert!(copied >= 4, "{copied}");
    for step in 0..copied {
        let crashed = Store::open(&crashes.path().join(step.to_string()), small()).unwrap();
        let found = points(&crashed).await;
        assert_eq!(found["quiet"], 300, "step {step}");
        assert!((after["noisy"]..=18_000).contains(&found["noisy"]), "step {step}: {found:?}");
        let files = fs::read_dir(crashes.path().join(step.to_string()).join("segments")).unwrap().count();
        assert_eq!(files, crashed.admin().segments().len(), "step {step}: no orphaned file");
    }
    let files = fs::read_dir(folder.path().join("segments")).unwrap().count();
    assert_eq!(files, store.admin().segments().len());
    // A rewritten file has another size than its former share, so more passes may follow.
    for _ in 0..5 {
        let plan = store
            .admin()
            .plan_retention(&[limits(DataKind::Metrics, 365, total * 3 / 4)], NOW)
            .await
            .unwrap();
        assert!(plan.preview.dropped.iter().all(|dropped| dropped.service == "noisy"), "{:?}", plan.preview);
        store.admin().apply_retention(plan).await.unwrap();
    }
    let bytes: u64 = store.admin().segments().iter().map(|segment| segment.bytes).sum();
    assert!(bytes <= total * 3 / 4, "{bytes} of {total}");
    let after = points(&store).await;
    assert_eq!(after["quiet"], 300);
    store.close().await.unwrap();
    let again = Store::open(folder.path(), small()).unwrap();
    assert_eq!(points(&again).await, after);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_has_its_own_age_limit_and_evidence_is_retained() {
    let (_folder, store) = open();
    for day in [40, 20, 1] {
        store.write(metrics("shop", day, 20)).await.unwrap();
        let mut records = logs(vec![log("shop", at(-day * DAY), &day.to_string(), Attributes::new())]);
        records.spans.push(span("shop", day as u8, 1, None, at(-day * DAY), 5));
        store.write(records).await.unwrap();
    }
    store.admin().seal_now().await.unwrap();
    // An alert fired 40 days ago. The data around it are evidence.
    let evidence = AlertEvidence {
        fingerprint: "f".to_owned(),
        fired_at: at(-40 * DAY + 60),
        range: TimeRange::new(at(-40 * DAY - 60), at(-40 * DAY + 60)),
        series: Vec::new(),
        logs: Vec::new(),
        traces: Vec::new(),
    };
    store.history().put_evidence(evidence).await.unwrap();
    let limits = [
        limits(DataKind::Metrics, 30, u64::MAX),
        limits(DataKind::Logs, 10, u64::MAX),
        limits(DataKind::Spans, 100, u64::MAX),
    ];
    let plan = store.admin().plan_retention(&limits, NOW).await.unwrap();
    let pinned = |kind: DataKind| -> u64 {
        plan.preview.stored.iter().filter(|stored| stored.kind == kind).map(|stored| stored.pinned_rows).sum()
    };
    let kinds = [DataKind::Metrics, DataKind::Logs, DataKind::Spans];
    assert_eq!(kinds.map(pinned), [40, 1, 1], "{:?}", plan.preview.stored);
    let dropped = plan.preview.dropped.clone();
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    assert_eq!((dropped[0].kind, dropped[0].rows, dropped[0].reason), (DataKind::Logs, 1, DropReason::Age));
    store.admin().apply_retention(plan).await.unwrap();
    let statistics = store.admin().statistics().await.unwrap();
    assert_eq!((statistics.samples, statistics.logs, statistics.spans), (120, 2, 3));

    let strict = [DataKind::Metrics, DataKind::Logs, DataKind::Spans].map(|kind| RetentionLimits {
        kind,
        age: 0,
        minutes_age: None,
        hours_age: None,
        bytes: 0,
    });
    let plan = store.admin().plan_retention(&strict, NOW).await.unwrap();
    store.admin().apply_retention(plan).await.unwrap();
    let statistics = store.admin().statistics().await.unwrap();
    assert_eq!(
        (statistics.samples, statistics.logs, statistics.spans),
        (40, 1, 1),
        "only the evidence is left"
    );
}
