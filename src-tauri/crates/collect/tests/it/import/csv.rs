//! Rows of CSV: many, invalid ones and a huge one.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
};

use collect::import_file;
use model::{ImportProgress, ImportRequest};
use runtime::ManualClock;
use tokio_util::sync::CancellationToken;

use super::{NOW, import, points, written};
use crate::common::Bench;

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
