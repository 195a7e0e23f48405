//! Import of files into a real store: valid points, rejected rows and damaged files.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::common::Bench;
use collect::{ImportError, import_file};
use model::{
    Attributes, Buckets, ExportFormat, ExportRequest, ExportSignal, HistogramPoint, ImportProgress,
    ImportRequest, MetricKind, Resource, Sample, SamplesRequest, Series, SeriesPoints, TelemetryBatch,
    TimeRange, Timestamp,
};
use runtime::ManualClock;
use store::Store;
use tokio_util::sync::CancellationToken;

/// 2026-01-01, after every time in these files.
const NOW: Timestamp = Timestamp(1_767_225_600_000_000_000);
const ALWAYS: TimeRange = TimeRange { start: Timestamp(0), end: Timestamp(4_000_000_000_000_000_000) };

async fn import(store: &Store, path: &Path) -> Result<ImportProgress, ImportError> {
    let request =
        ImportRequest { path: path.display().to_string(), service: Some("s".into()), dry_run: false };
    import_file(&request, store, &ManualClock::new(NOW).clock(), |_| {}, &CancellationToken::new()).await
}

fn written(bench: &Bench, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = bench.folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

async fn points(store: &Store, metric: &str) -> Vec<SeriesPoints> {
    let request =
        SamplesRequest { metric: metric.to_owned(), matchers: Vec::new(), range: ALWAYS, limit: 100_000 };
    store.metrics().samples(&request).await.unwrap()
}

async fn export(store: &Store, format: ExportFormat, path: &Path) {
    let request = ExportRequest { signal: ExportSignal::Metrics, range: ALWAYS, format };
    store.admin().export(&request, path).await.unwrap();
}

fn sorted_lines(path: &Path) -> Vec<String> {
    let mut lines: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Gauges, counters and histograms with tags that need quoting.
fn telemetry() -> TelemetryBatch {
    let attributes = Attributes::new().with("service.name", "shop").with("host.name", "h \"1\", x");
    let resource = Arc::new(Resource { attributes });
    let mut batch = TelemetryBatch::default();
    for step in 0..50_i64 {
        let time = NOW.offset(-step * 60_000_000_000 - 123_456_789);
        for cpu in 0..3_i64 {
            let tags = Attributes::new().with("cpu", cpu).with("path", "a,\"b\"\nc").with("ok", true);
            batch.add_sample(
                Series::gauge("load", "1", resource.clone(), tags.clone()),
                time,
                0.1 * cpu as f64,
            );
            batch.add_sample(
                Series::counter("work", "s", resource.clone(), tags),
                time,
                (50 - step) as f64 / 3.0,
            );
        }
        batch.add_sample(Series::gauge("odd", "", resource.clone(), Attributes::new()), time, f64::NAN);
        let histogram = Series {
            kind: MetricKind::Histogram,
            ..Series::counter("duration", "s", resource.clone(), Attributes::new())
        };
        let series = batch.add_series(histogram);
        batch.histograms.push(HistogramPoint {
            series,
            time,
            start_time: None,
            count: 6,
            sum: Some(1.25),
            min: None,
            max: None,
            buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts: vec![1, 2, 3] },
        });
    }
    batch
}

#[tokio::test]
async fn an_export_is_imported_unchanged() {
    for (format, name) in [(ExportFormat::Csv, "e.csv"), (ExportFormat::Parquet, "e.parquet")] {
        let (from, to) = (Bench::new(), Bench::new());
        from.store.write(telemetry()).await.unwrap();
        let file = from.folder.path().join(name);
        export(&from.store, format, &file).await;
        let progress = import(&to.store, &file).await.unwrap();
        assert_eq!((progress.points, progress.rejected), (8 * 50, 0), "{:?}", progress.reasons);
        assert_eq!(progress.series, 8);
        assert_eq!(progress.bytes_read, progress.bytes);
        let (before, after) = (from.folder.path().join("before.csv"), to.folder.path().join("after.csv"));
        export(&from.store, ExportFormat::Csv, &before).await;
        export(&to.store, ExportFormat::Csv, &after).await;
        assert_eq!(sorted_lines(&before), sorted_lines(&after));
    }
}

#[tokio::test]
async fn a_million_rows_are_imported() {
    let bench = Bench::new();
    let path = bench.folder.path().join("million.csv");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    writeln!(file, "time;metric;value;host").unwrap();
    for row in 0..1_000_000_u32 {
        let time = 1_700_000_000_u64 + u64::from(row / 100) * 15;
        writeln!(file, "{time};cpu;{};h{}", row % 7, row % 100).unwrap();
    }
    file.into_inner().unwrap();
    let mut reports = 0;
    let request = ImportRequest { path: path.display().to_string(), service: None, dry_run: false };
    let mut last = 0;
    let report = |progress: &ImportProgress| {
        assert!(progress.bytes_read >= last && progress.bytes_read <= progress.bytes);
        last = progress.bytes_read;
        reports += 1;
    };
    let progress = import_file(
        &request,
        &bench.store,
        &ManualClock::new(NOW).clock(),
        report,
        &CancellationToken::new(),
    )
    .await
    .unwrap();
    assert_eq!(
        (progress.rows, progress.points, progress.series, progress.rejected),
        (1_000_000, 1_000_000, 100, 0)
    );
    assert!(reports >= 50, "{reports}");
    let samples = bench.store.admin().statistics().await.unwrap().samples;
    assert_eq!(samples, 1_000_000);
}

#[tokio::test]
async fn importing_twice_adds_nothing() {
    let bench = Bench::new();
    let path = written(&bench, "a.csv", "time,metric,value\n1700000000,m,1\n1700000060,m,2\n");
    for _ in 0..2 {
        assert_eq!(import(&bench.store, &path).await.unwrap().points, 2);
    }
    let series = points(&bench.store, "m").await;
    assert_eq!(series.len(), 1);
    assert_eq!(series[0].times.len(), 2, "{series:?}");
}

#[tokio::test]
async fn invalid_rows_are_reported_with_line_and_column_and_the_rest_is_imported() {
    let bench = Bench::new();
    let text = b"\xef\xbb\xbftime\tname\tvalue\troom\n\
        2025-01-01T00:00:00Z\tt\t1\t\"lab\n2\"\n\
        nonsense\tt\t2\tx\n\
        2025-01-01T00:01:00Z\tt\tmany\tx\n\
        2035-01-01T00:01:00Z\tt\t3\tx\n\
        1500000000\tt\t4\tx\n\
        2025-01-01T00:02:00Z\tt\t5\n\
        2025-01-01T00:03:00Z\tt\t6\t\"x\"y\n\
        2025-01-01T00:04:00Z\tt\t7\t\xff\n\
        2024-01-01 00:00:00.5\tt\t8\tx\n";
    let path = written(&bench, "a.csv", text);
    let progress = import(&bench.store, &path).await.unwrap();
    let expected = [
        "line 4, column 1: \"nonsense\" is not a time",
        "line 5, column 24: \"many\" is not a number",
        "line 6, column 1: the time is more than a day ahead of now",
        "line 8, column 24: 3 fields where the header has 4",
        "line 9, column 29: text after a closing quote",
        "line 10, column 26: the text is not UTF-8",
    ];
    assert_eq!(progress.reasons, expected);
    assert_eq!((progress.points, progress.rejected, progress.rows), (3, 6, 9));
    let all: usize = points(&bench.store, "t").await.iter().map(|series| series.times.len()).sum();
    assert_eq!(all, 3, "history of ten years ago and rows out of order by months are kept");
}

#[tokio::test]
async fn files_of_another_format_are_refused() {
    let bench = Bench::new();
    let from = Bench::new();
    from.store.write(telemetry()).await.unwrap();
    let good = from.folder.path().join("good.parquet");
    export(&from.store, ExportFormat::Parquet, &good).await;
    let bytes = fs::read(&good).unwrap();
    let mut damaged = bytes.clone();
    for byte in &mut damaged[200..600] {
        *byte = 0x5a;
    }
    let mut logs = bytes.clone();
    logs.truncate(bytes.len() / 2);
    for (name, text) in [
        ("truncated.parquet", logs.as_slice()),
        ("magic.parquet", b"PAR1PAR1"),
        ("columns.csv", b"a,b,c\n1,2,3\n"),
        ("open.csv", b"\"time,metric,value\n"),
        ("metrics.txt.gz", b"\x1f\x8b\x08\x00\x00\x00packed"),
        ("program", b"\x7fELF\x02\x01\x01\x00\x00a 1 1700000000000\n"),
    ] {
        let path = written(&bench, name, text);
        let error = import(&bench.store, &path).await.unwrap_err();
        assert!(matches!(&error, ImportError::File { .. }), "{name}: {error}");
        assert!(error.to_string().len() < 600, "{error}");
        assert_eq!(error.to_string().contains("compressed with gzip"), name.ends_with(".gz"), "{error}");
    }
    let path = written(&bench, "damaged.parquet", &damaged);
    // Rows before the damage may be imported.
    let _ = import(&bench.store, &path).await;
    for missing in [bench.folder.path().join("missing"), bench.folder.path().to_owned()] {
        assert!(matches!(import(&bench.store, &missing).await, Err(ImportError::File { .. })));
    }
    let path = written(&bench, "after.csv", "time,metric,value\n1700000000,m,1\n");
    assert_eq!(import(&bench.store, &path).await.unwrap().points, 1);
}

#[tokio::test]
async fn foreign_parquet_is_read_by_column_names() {
    let bench = Bench::new();
    let path = bench.folder.path().join("it's.parquet");
    let connection = duckdb::Connection::open_in_memory().unwrap();
    let quoted = path.display().to_string().replace('\'', "''");
    connection
        .execute_batch(&format!(
            "COPY (SELECT make_timestamp_ns((1700000000 + i) * 1000000000 + 7) AS Timestamp, 'm' AS __name__, \
             i::DECIMAL(10, 2) AS value, i % 2 AS shard, NULL AS nothing FROM range(1000) t(i)) TO '{quoted}' (FORMAT parquet)"
        ))
        .unwrap();
    let progress = import(&bench.store, &path).await.unwrap();
    assert_eq!((progress.points, progress.series, progress.rejected), (1000, 2, 0), "{:?}", progress.reasons);
    let series = points(&bench.store, "m").await;
    let first = series.iter().find(|series| series.labels["shard"] == "0").unwrap();
    assert!(!first.labels.contains_key("nothing"));
    let wrong = bench.folder.path().join("wrong.parquet");
    connection
        .execute_batch(&format!(
            "COPY (SELECT [1, 2] AS time, {{'a': 1}} AS metric, 'text' AS value FROM range(10)) TO '{}' (FORMAT parquet)",
            wrong.display()
        ))
        .unwrap();
    let progress = import(&bench.store, &wrong).await.unwrap();
    assert_eq!((progress.points, progress.rejected), (0, 10));
    assert!(progress.reasons[0].starts_with("row 1, column \"time\": "), "{:?}", progress.reasons);
}

#[tokio::test]
async fn a_line_of_a_hundred_megabytes_takes_bounded_memory() {
    let bench = Bench::new();
    let path = bench.folder.path().join("huge.csv");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    file.write_all(b"time,metric,value\n1700000000,m,1\n1700000001,\"").unwrap();
    for _ in 0..100 {
        file.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    file.write_all(b"\",1\n1700000002,m,3\n").unwrap();
    file.into_inner().unwrap();
    let before = peak_kibibytes();
    let progress = import(&bench.store, &path).await.unwrap();
    assert_eq!((progress.points, progress.rejected), (2, 1), "{:?}", progress.reasons);
    assert!(
        progress.reasons[0].starts_with("line 3, column 12: a record of more than"),
        "{:?}",
        progress.reasons
    );
    assert!(peak_kibibytes() - before < 80 << 10, "{before} {}", peak_kibibytes());
    let text = path.with_extension("prom");
    fs::rename(&path, &text).unwrap();
    let mut bytes = fs::read(&text).unwrap();
    bytes.splice(..17, *b"a 1 1700000000000");
    fs::write(&text, bytes).unwrap();
    let progress = import(&bench.store, &text).await.unwrap();
    assert_eq!(progress.points, 1);
}

/// Returns the peak memory of this process; 0 if unknown.
fn peak_kibibytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn prometheus_text_is_imported_with_its_times() {
    let bench = Bench::new();
    let text = "# HELP up whether\n# TYPE up gauge\nup{job=\"node\"} 1 1700000000000\nup{job=\"node\"} 0 1700000015000\n\
        # TYPE c counter\nc 5 1700000000000\nbroken{ 1 1700000000000\nc 5\nc 6 17\n\
        # TYPE h histogram\nh_bucket{le=\"1\"} 2 1700000000000\nh_bucket{le=\"+Inf\"} 3 1700000000000\nh_sum 4 1700000000000\nh_count 3 1700000000000\n";
    let path = written(&bench, "a.prom", text);
    let progress = import(&bench.store, &path).await.unwrap();
    assert_eq!((progress.points, progress.series), (4, 3), "{:?}", progress.reasons);
    assert_eq!(progress.rejected, 3);
    assert!(progress.reasons.iter().any(|reason| reason.starts_with("line 7: ")), "{:?}", progress.reasons);
    assert!(
        progress.reasons.iter().any(|reason| reason.starts_with("line 8: no time")),
        "{:?}",
        progress.reasons
    );
    let series = points(&bench.store, "up").await;
    assert_eq!((series.len(), series[0].times.len()), (1, 2));
    assert_eq!(series[0].labels["service.name"], "node");
    let (kind, _) = bench.store.metrics().kind("h").await.unwrap().unwrap();
    assert_eq!(kind, MetricKind::Histogram);
}

#[tokio::test]
async fn openmetrics_is_imported_with_times_in_seconds() {
    let bench = Bench::new();
    let mut text = String::from("# TYPE req counter\n# HELP req requests\n");
    for step in 0..30_000 {
        let time = 1_700_000_000.25 + f64::from(step);
        text.push_str(&format!("req_total{{path=\"/\"}} {step} {time} # {{trace_id=\"a\"}} 1\n"));
    }
    text.push_str("req_created{path=\"/\"} 1700000000 1700000000\n# TYPE d histogram\n");
    for step in 0..12_000 {
        let time = 1_700_000_000 + step;
        for line in [
            format!("d_bucket{{le=\"1\"}} {step}"),
            format!("d_bucket{{le=\"+Inf\"}} {step}"),
            "d_sum 1".to_owned(),
            format!("d_count {step}"),
        ] {
            text.push_str(&format!("{line} {time}\n"));
        }
    }
    text.push_str("# EOF\n");
    let path = written(&bench, "a.om", text);
    let progress = import(&bench.store, &path).await.unwrap();
    assert_eq!(
        (progress.points, progress.series, progress.rejected),
        (42_000, 2, 0),
        "{:?}",
        progress.reasons
    );
    let (kind, _) = bench.store.metrics().kind("req_total").await.unwrap().unwrap();
    assert_eq!(kind, MetricKind::Counter);
    let range = progress.range.unwrap();
    assert_eq!(range.start, Timestamp(1_700_000_000_000_000_000));
    assert_eq!(range.end, Timestamp(1_700_029_999_250_000_001));
}

#[tokio::test]
async fn a_dry_run_stores_nothing_and_a_stopped_import_ends() {
    let bench = Bench::new();
    let path = written(&bench, "a.csv", "time,metric,value\n1700000000,m,1\n");
    let mut request = ImportRequest { path: path.display().to_string(), service: None, dry_run: true };
    let stop = CancellationToken::new();
    let progress =
        import_file(&request, &bench.store, &ManualClock::new(NOW).clock(), |_| {}, &stop).await.unwrap();
    assert_eq!(progress.points, 1);
    assert!(points(&bench.store, "m").await.is_empty());
    stop.cancel();
    request.dry_run = false;
    let stopped = import_file(&request, &bench.store, &ManualClock::new(NOW).clock(), |_| {}, &stop).await;
    assert!(matches!(stopped, Err(ImportError::Stopped)) || stopped.is_ok());
}

#[tokio::test]
async fn the_past_of_a_live_series_is_imported() {
    let bench = Bench::new();
    let resource = Arc::new(Resource::service_named("s"));
    let series = Series::gauge("m", "", resource, Attributes::new());
    let id = series.id();
    let mut batch = TelemetryBatch::default();
    batch.series.push((id, series));
    batch.samples.push(Sample { series: id, time: NOW, start_time: None, value: 9.0 });
    bench.store.write(batch).await.unwrap();
    let path = written(&bench, "a.csv", "time,metric,value\n1700000000,m,1\n1690000000,m,0\n");
    import(&bench.store, &path).await.unwrap();
    let series = points(&bench.store, "m").await;
    assert_eq!(series.len(), 1, "the same series: {series:?}");
    assert_eq!(series[0].times.len(), 3);
}
