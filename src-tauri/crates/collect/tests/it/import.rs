//! Import of files into a real store: valid points, rejected rows and damaged files.

mod csv;
mod other_formats;
mod prometheus_text;
mod round_trip;
mod telemetry;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use collect::{ImportError, import_file};
use model::{
    Attributes, ExportFormat, ExportRequest, ExportSignal, ImportProgress, ImportRequest, Resource, Sample,
    SamplesRequest, Series, SeriesPoints, TelemetryBatch, TimeRange, Timestamp,
};
use runtime::ManualClock;
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::common::Bench;

/// 2026-01-01, after every time in these files.
const NOW: Timestamp = Timestamp(1_767_225_600_000_000_000);
const ALWAYS: TimeRange = TimeRange { start: Timestamp(0), end: Timestamp(4_000_000_000_000_000_000) };

/// Imports a file whose rows without a service belong to `service`.
async fn import_as(service: Option<&str>, store: &Store, path: &Path) -> Result<ImportProgress, ImportError> {
    let request = ImportRequest {
        path: path.display().to_string(),
        service: service.map(str::to_owned),
        dry_run: false,
    };
    import_file(&request, store, &ManualClock::new(NOW).clock(), |_| {}, &CancellationToken::new()).await
}

async fn import(store: &Store, path: &Path) -> Result<ImportProgress, ImportError> {
    import_as(Some("s"), store, path).await
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
    store.admin().export(&request).await.unwrap().save(path).unwrap();
}

fn sorted_lines(path: &Path) -> Vec<String> {
    let mut lines: Vec<String> = fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
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
