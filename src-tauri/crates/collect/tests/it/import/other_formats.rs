//! Files of other programs: Parquet with other columns, and formats that are refused.

use std::fs;

use collect::ImportError;
use model::ExportFormat;

use super::{export, import, points, telemetry::quoted_labels, written};
use crate::common::Bench;

#[tokio::test]
async fn files_of_another_format_are_refused() {
    let bench = Bench::new();
    let from = Bench::new();
    from.store.write(quoted_labels()).await.unwrap();
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
