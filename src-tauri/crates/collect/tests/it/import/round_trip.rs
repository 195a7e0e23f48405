//! Metrics of every kind exported from one store and imported into another, as exports and as
//! sealed files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use collect::import_file;
use model::{
    ExemplarsRequest, ExportFormat, ImportRequest, MetricCatalogRequest, SamplesRequest, TimeRange, Timestamp,
};
use runtime::ManualClock;
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{
    NOW, export, import, import_as, sorted_lines,
    telemetry::{every_kind, quoted_labels},
};
use crate::common::Bench;

const SECOND: i64 = 1_000_000_000;
const RANGE: TimeRange =
    TimeRange { start: Timestamp(NOW.0 - 3600 * SECOND), end: Timestamp(NOW.0 + SECOND) };

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

#[tokio::test]
async fn an_export_is_imported_unchanged() {
    for (format, name) in [(ExportFormat::Csv, "e.csv"), (ExportFormat::Parquet, "e.parquet")] {
        let (from, to) = (Bench::new(), Bench::new());
        from.store.write(quoted_labels()).await.unwrap();
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
async fn an_export_is_imported_completely() {
    for (format, name) in [(ExportFormat::Csv, "e.csv"), (ExportFormat::Parquet, "e.parquet")] {
        for sealed in [false, true] {
            let (from, to) = (Bench::new(), Bench::new());
            let batch = every_kind();
            let points = batch.samples.len() + batch.histograms.len();
            from.store.write(batch).await.unwrap();
            if sealed {
                from.store.admin().seal_now().await.unwrap();
            }
            let file = from.folder.path().join(name);
            export(&from.store, format, &file).await;
            let progress = import_as(None, &to.store, &file).await.unwrap();
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
            import_as(None, &from.store, &file).await.unwrap();
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
    from.store.write(every_kind()).await.unwrap();
    from.store.admin().seal_now().await.unwrap();
    let files = segments(&from);
    assert!(files.len() >= 3, "{files:?}");
    let mut points = 0;
    for file in &files {
        let progress = import_as(None, &to.store, file).await.unwrap();
        assert_eq!(progress.rejected, 0, "{}: {progress:?}", file.display());
        points += progress.points;
    }
    let batch = every_kind();
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
        import_as(None, &from.store, file).await.unwrap();
    }
    assert_eq!(from.store.admin().statistics().await.unwrap().series, 9);
}

#[tokio::test]
async fn damaged_files_cause_no_panic() {
    let (from, to) = (Bench::new(), Bench::new());
    from.store.write(every_kind()).await.unwrap();
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
    assert_eq!(import_as(None, &to.store, &path).await.unwrap().points, 1);
}
