//! Metrics of every kind exported from one store and imported into another, as exports and as
//! sealed files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::common::Bench;
use collect::import_file;
use model::{
    Attributes, Buckets, Exemplar, ExemplarsRequest, ExportFormat, ExportRequest, ExportSignal,
    HistogramPoint, ImportProgress, ImportRequest, MetricCatalogRequest, MetricKind, Resource, STALE, Sample,
    SamplesRequest, Scope, Series, SpanId, TelemetryBatch, Temporality, TimeRange, Timestamp, TraceId,
};
use runtime::ManualClock;
use store::Store;
use tokio_util::sync::CancellationToken;

/// 2026-01-01.
const NOW: Timestamp = Timestamp(1_767_225_600_000_000_000);
const SECOND: i64 = 1_000_000_000;
const RANGE: TimeRange =
    TimeRange { start: Timestamp(NOW.0 - 3600 * SECOND), end: Timestamp(NOW.0 + SECOND) };

async fn import(store: &Store, path: &Path) -> ImportProgress {
    let request = ImportRequest { path: path.display().to_string(), service: None, dry_run: false };
    import_file(&request, store, &ManualClock::new(NOW).clock(), |_| {}, &CancellationToken::new())
        .await
        .unwrap()
}

async fn export(store: &Store, format: ExportFormat, path: &Path) {
    let request = ExportRequest { signal: ExportSignal::Metrics, range: RANGE, format };
    store.admin().export(&request, path).await.unwrap();
}

/// Reads all metrics, as text.
async fn reads(store: &Store) -> Vec<String> {
    let request = MetricCatalogRequest { search: String::new(), matchers: Vec::new(), limit: 100 };
    let mut found = Vec::new();
    for metric in store.metrics().catalog(&request).await.unwrap() {
        let name = &metric.name;
        found.push(format!("{metric:?}"));
        let request =
            ExemplarsRequest { metric: name.clone(), matchers: Vec::new(), range: RANGE, limit: 1000 };
        for exemplar in store.metrics().exemplars(&request).await.unwrap() {
            found.push(format!("{name} {exemplar:?}"));
        }
        let request =
            SamplesRequest { metric: name.clone(), matchers: Vec::new(), range: RANGE, limit: 10_000 };
        for series in store.metrics().samples(&request).await.unwrap() {
            let bits: Vec<u64> = series.values.iter().map(|value| value.to_bits()).collect();
            found.push(format!("{name} {:?} {:?} {bits:?}", series.labels, series.times));
        }
        for step in [60, 600] {
            for series in
                store.metrics().select(name, &[], RANGE).await.unwrap().buckets(step * SECOND).await.unwrap()
            {
                found.push(format!("{name} {step} {series:?}"));
            }
            for series in store
                .metrics()
                .select(name, &[], RANGE)
                .await
                .unwrap()
                .histograms(step * SECOND)
                .await
                .unwrap()
            {
                found.push(format!("{name} {step} {series:?}"));
            }
        }
    }
    found.sort();
    found
}

fn sorted_lines(path: &Path) -> Vec<String> {
    let mut lines: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Series of every kind and temporality, with exemplars.
fn telemetry() -> TelemetryBatch {
    let attributes = Attributes::new()
        .with("service.name", "shop")
        .with("host.name", "h \"1\", x")
        .with("k8s.pod", "p")
        .with("shared", "of the resource");
    let tags =
        Attributes::new().with("path", "a,\"b\"\nc").with("cpu", 3).with("ok", true).with("shared", "own");
    let scope = Scope { name: "library".into(), version: "1.2".into() };
    let (resource, scope) = (Arc::new(Resource { attributes }), Arc::new(scope));
    let gauge = |name: &str| Series {
        scope: scope.clone(),
        description: format!("What \"{name}\" is,\nin words."),
        ..Series::gauge(name, "s", resource.clone(), tags.clone())
    };
    let counter = |name: &str| Series {
        kind: MetricKind::Counter,
        temporality: Temporality::Cumulative,
        monotonic: true,
        ..gauge(name)
    };
    let mut batch = TelemetryBatch::default();
    let number = |batch: &mut TelemetryBatch, series: Series, time, start_time, value| {
        let series = batch.add_series(series);
        batch.samples.push(Sample { series, time, start_time, value });
    };
    for step in 0..40_i64 {
        let time = NOW.offset((step - 40) * 60 * SECOND + 123_456_789);
        let first = NOW.offset(-3000 * SECOND);
        let start = Some(if step < 20 { first } else { NOW.offset(-1300 * SECOND) });
        let counted = (step % 20) as f64 / 3.0;
        let value = if step == 15 { STALE } else { 0.1 * step as f64 };
        number(&mut batch, gauge("temperature"), time, None, value);
        number(
            &mut batch,
            gauge("odd"),
            time,
            None,
            [f64::NAN, f64::INFINITY, -0.0, 1e-300][step as usize % 4],
        );
        number(&mut batch, counter("work"), time, start, counted);
        number(&mut batch, counter("steady"), time, Some(first), step as f64);
        let delta = Series { temporality: Temporality::Delta, ..counter("delta") };
        number(&mut batch, delta, time, start, 5.0);
        number(&mut batch, Series { monotonic: false, ..counter("up.and.down") }, time, start, counted);
        let many = step as u64 % 20;
        let mut composite = |kind, name: &str, sum, buckets| {
            let summary = kind == MetricKind::Summary;
            let temporality = if summary { Temporality::Unspecified } else { Temporality::Cumulative };
            let series = batch.add_series(Series { kind, temporality, monotonic: !summary, ..counter(name) });
            let ends = sum == Some(STALE);
            batch.histograms.push(HistogramPoint {
                series,
                time,
                start_time: start,
                count: if ends { 0 } else { many * 6 },
                sum,
                min: (step % 2 == 0).then_some(-0.5),
                max: (step % 2 == 0).then_some(7.0 / 3.0),
                buckets,
            });
            series
        };
        let (mut bounds, mut counts) = (vec![0.1, 1.0 / 3.0], vec![many, many * 2, many * 3]);
        let mut sum = Some(step as f64 / 7.0);
        if step == 30 {
            (bounds, counts, sum) = (Vec::new(), Vec::new(), Some(STALE));
        }
        let duration =
            composite(MetricKind::Histogram, "duration", sum, Buckets::Explicit { bounds, counts });
        composite(
            MetricKind::ExponentialHistogram,
            "size",
            None,
            Buckets::Exponential {
                scale: 3,
                zero_threshold: 1e-9,
                zero_count: many,
                positive_offset: -7,
                positive: vec![many, 0, many * 2],
                negative_offset: 4,
                negative: vec![many * 2],
            },
        );
        let last = if step == 3 { f64::NAN } else { f64::INFINITY };
        composite(MetricKind::Summary, "rpc", Some(2.5), Buckets::Quantiles(vec![(0.5, 0.25), (0.99, last)]));
        let work = counter("work").id();
        for (series, value) in
            [(duration, step as f64 / 3.0), (work, [f64::INFINITY, -0.5][step as usize % 2])]
        {
            let odd = step % 2 == 1;
            batch.exemplars.push(Exemplar {
                series,
                time: time.offset(-7),
                value,
                trace_id: odd.then_some(TraceId([step as u8; 16])),
                span_id: odd.then_some(SpanId([step as u8; 8])),
                attributes: if odd { Attributes::new() } else { Attributes::new().with("who", "x,\"y\"") },
            });
        }
    }
    batch
}

#[tokio::test]
async fn an_export_is_imported_completely() {
    for (format, name) in [(ExportFormat::Csv, "e.csv"), (ExportFormat::Parquet, "e.parquet")] {
        for sealed in [false, true] {
            let (from, to) = (Bench::new(), Bench::new());
            let batch = telemetry();
            let points = batch.samples.len() + batch.histograms.len();
            from.store.write(batch).await.unwrap();
            if sealed {
                from.store.admin().seal_now().await.unwrap();
            }
            let file = from.folder.path().join(name);
            export(&from.store, format, &file).await;
            let progress = import(&to.store, &file).await;
            assert_eq!(
                (progress.points, progress.series, progress.rejected),
                (points as u64, 9, 0),
                "{progress:?}"
            );
            assert_eq!(reads(&from.store).await, reads(&to.store).await);
            let (before, after) = (from.folder.path().join("before.csv"), to.folder.path().join("after.csv"));
            export(&from.store, ExportFormat::Csv, &before).await;
            export(&to.store, ExportFormat::Csv, &after).await;
            assert_eq!(sorted_lines(&before), sorted_lines(&after));
            // The same series: a second import adds nothing.
            import(&from.store, &file).await;
            assert_eq!(from.store.admin().statistics().await.unwrap().series, 9);
        }
    }
}

fn segments(bench: &Bench) -> Vec<PathBuf> {
    let entries = fs::read_dir(bench.folder.path().join("data/segments")).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|file| !is_roll_up(file)).collect()
}

fn is_roll_up(file: &Path) -> bool {
    let name = file.file_name().unwrap().to_string_lossy();
    name.contains("hours") || name.contains("minutes")
}

#[tokio::test]
async fn sealed_files_are_imported() {
    let (from, to) = (Bench::new(), Bench::new());
    from.store.write(telemetry()).await.unwrap();
    from.store.admin().seal_now().await.unwrap();
    let files = segments(&from);
    assert!(files.len() >= 3, "{files:?}");
    let mut points = 0;
    for file in &files {
        let progress = import(&to.store, file).await;
        assert_eq!(progress.rejected, 0, "{}: {progress:?}", file.display());
        points += progress.points;
    }
    let batch = telemetry();
    assert_eq!(points, (batch.samples.len() + batch.histograms.len()) as u64);
    assert_eq!(reads(&from.store).await, reads(&to.store).await);
    let rolled_up: Vec<PathBuf> = fs::read_dir(from.folder.path().join("data/segments"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|file| is_roll_up(file))
        .collect();
    assert!(!rolled_up.is_empty());
    for file in rolled_up {
        let request = ImportRequest { path: file.display().to_string(), service: None, dry_run: false };
        let refused = import_file(
            &request,
            &to.store,
            &ManualClock::new(NOW).clock(),
            |_| {},
            &CancellationToken::new(),
        )
        .await;
        assert!(refused.unwrap_err().to_string().contains("only points can be imported"));
    }
    // They belong to the same series as before, and a second import adds nothing.
    for file in &files {
        import(&from.store, file).await;
    }
    assert_eq!(from.store.admin().statistics().await.unwrap().series, 9);
}

#[tokio::test]
async fn damaged_files_cause_no_panic() {
    let (from, to) = (Bench::new(), Bench::new());
    from.store.write(telemetry()).await.unwrap();
    from.store.admin().seal_now().await.unwrap();
    for file in segments(&from) {
        let good = fs::read(&file).unwrap();
        for part in 0..16 {
            let mut damaged = good.clone();
            let place = good.len() * part / 16;
            for byte in damaged.iter_mut().skip(place).take(24) {
                *byte ^= 0x5a;
            }
            let path = to.folder.path().join("damaged.parquet");
            fs::write(&path, damaged).unwrap();
            let request = ImportRequest { path: path.display().to_string(), service: None, dry_run: true };
            // Rows before the damage may be imported.
            let _ = import_file(
                &request,
                &to.store,
                &ManualClock::new(NOW).clock(),
                |_| {},
                &CancellationToken::new(),
            )
            .await;
        }
    }
    let path = to.folder.path().join("after.csv");
    fs::write(&path, "time,metric,value\n1700000000,m,1\n").unwrap();
    assert_eq!(import(&to.store, &path).await.points, 1);
}

#[tokio::test]
async fn openmetrics_has_exemplars_and_types() {
    let bench = Bench::new();
    let text = "# TYPE req counter\nreq_total{path=\"a # b\"} 3 1767222000.123456789 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\",who=\"x\"} 0.67 1767222000.05\n\
        # TYPE d histogram\nd_bucket{le=\"1.0\"} 1 1767222000 # {span_id=\"b7ad6b7169203331\"} 0.5\nd_bucket{le=\"+Inf\"} 2 1767222000 # {a=\"b\"} 9\n\
        d_count 2 1767222000\nd_sum 3 1767222000\n# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 4 1767222000\ng_gcount 4 1767222000\n\
        # TYPE i info\ni_info{v=\"1\"} 1 1767222000\n# TYPE u unknown\nu 1 1767222000\n# TYPE bad nonsense\nbad 1 1767222000\n\
        bad{x=\"1\"} 1 1767222000 # {} \nbad{x=\"2\"} 1 1767222000 # {x=\"y\n# EOF\n";
    let path = bench.folder.path().join("a.om");
    fs::write(&path, text).unwrap();
    let progress = import(&bench.store, &path).await;
    assert_eq!((progress.points, progress.rejected), (7, 2), "{:?}", progress.reasons);
    assert!(progress.reasons[0].starts_with("line 17: "), "{:?}", progress.reasons);
    let exemplars = |metric: &str| {
        let request =
            ExemplarsRequest { metric: metric.to_owned(), matchers: Vec::new(), range: RANGE, limit: 10 };
        let store = bench.store.clone();
        async move { store.metrics().exemplars(&request).await.unwrap() }
    };
    let found = exemplars("req_total").await;
    assert_eq!((found.len(), found[0].value, found[0].time), (1, 0.67, Timestamp(1_767_222_000_050_000_000)));
    assert_eq!(found[0].trace_id.unwrap().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(exemplars("d").await.len(), 2);
    let request =
        SamplesRequest { metric: "req_total".into(), matchers: Vec::new(), range: RANGE, limit: 10 };
    assert_eq!(
        bench.store.metrics().samples(&request).await.unwrap()[0].times,
        [Timestamp(1_767_222_000_123_456_789)]
    );
    assert_eq!(bench.store.metrics().kind("d").await.unwrap().unwrap().0, MetricKind::Histogram);
}
