//! `binnacle-cli data` on a running engine and on the folder of a stopped one.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use model::{DataKind, DataSummary, DropReason, RetentionPreview};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message as _;
use serde_json::json;
use test_support::{
    engine_process::{self, EngineProcess, SETTINGS},
    otlp_load::{self, OtlpConnection, Signal},
};

const DAY: u64 = 86_400_000_000_000;

fn run(engine: &EngineProcess, arguments: &[&str]) -> Output {
    let mut command: Command = engine_process::command(&engine.data(), &["data"]).unwrap();
    command.args(arguments).output().unwrap()
}

/// Runs a command that must succeed and returns its standard output.
fn stdout(engine: &EngineProcess, arguments: &[&str]) -> String {
    let output = run(engine, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn summary(engine: &EngineProcess) -> DataSummary {
    serde_json::from_str(&stdout(engine, &["show", "--json"])).unwrap()
}

fn rows(summary: &DataSummary, kind: DataKind, service: &str) -> u64 {
    let of = |data: &&model::StoredData| data.kind == kind && data.service == service;
    summary.retention.stored.iter().filter(of).map(|data| data.rows).sum()
}

fn segments(engine: &EngineProcess) -> Vec<PathBuf> {
    let folder = fs::read_dir(engine.data().join("segments")).unwrap();
    folder.map(|entry| entry.unwrap().path()).collect()
}

async fn engine_with_data() -> EngineProcess {
    let settings = format!("{SETTINGS}\n[host]\nenabled = false\n\n[retention]\nlogs_days = 2\n");
    let mut engine = EngineProcess::prepare(&settings).unwrap();
    engine.start_again().await.unwrap();
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await.unwrap()).await.unwrap();
    for signal in Signal::ALL {
        connection.send(signal, signal.numbered(0..1000)).await.unwrap();
    }
    let old = LogRecord {
        time_unix_nano: otlp_load::now() - 3 * DAY,
        body: Some(otlp_load::text("an old line")),
        ..LogRecord::default()
    };
    let old = otlp_load::logs_request(otlp_load::resource("old", Vec::new()), vec![old]);
    connection.send(Signal::Logs, old.encode_to_vec()).await.unwrap();
    engine
}

#[tokio::test(flavor = "multi_thread")]
async fn data_are_shown_compacted_and_deleted_after_their_retention() {
    let mut engine = engine_with_data().await;
    let preview: RetentionPreview = engine.call("retention_preview", json!({})).await.unwrap();
    assert_eq!(preview.dropped.len(), 1, "{:?}", preview.dropped);
    let dropped = &preview.dropped[0];
    assert_eq!((dropped.kind, dropped.service.as_str(), dropped.rows), (DataKind::Logs, "old", 1));
    assert_eq!(dropped.reason, DropReason::Age);
    let shown = stdout(&engine, &["show"]);
    assert!(shown.contains("expires next: logs of old, 1 rows"), "{shown}");
    assert!(shown.contains("the first points are not sealed yet"), "{shown}");
    assert_eq!(segments(&engine).len(), 0);

    let output = stdout(&engine, &["compact"]);
    for words in [
        "1/4 sealing",
        "2/4 compacting",
        "3/4 applying",
        "deleted: logs of old, 1 rows",
        "4/4 compacting",
        "before",
    ] {
        assert!(output.contains(words), "{words}: {output}");
    }
    assert!(!segments(&engine).is_empty());
    let live = summary(&engine);
    // Metrics derived from the spans are added meanwhile.
    assert!(rows(&live, DataKind::Metrics, "numbered") >= 1000);
    assert_eq!(rows(&live, DataKind::Logs, "numbered"), 1000);
    assert_eq!(rows(&live, DataKind::Spans, "numbered"), 1000);
    assert_eq!(rows(&live, DataKind::Logs, "old"), 0);
    let verified = stdout(&engine, &["verify"]);
    assert!(verified.contains("table logs ok"), "{verified}");
    assert!(verified.contains("samples-00000001.parquet ok"), "{verified}");
    assert!(verified.contains(", 0 damaged"), "{verified}");

    assert!(engine.stop().await.unwrap().success());
    let folder = summary(&engine);
    assert!(rows(&folder, DataKind::Metrics, "numbered") >= 1000);
    assert_eq!(rows(&folder, DataKind::Logs, "numbered"), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_segment_is_found_and_moved_and_the_rest_remains() {
    let mut engine = engine_with_data().await;
    stdout(&engine, &["compact"]);
    let damaged = engine.data().join("segments/samples-00000001.parquet");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&damaged, &bytes).unwrap();
    // A crash may leave such a file.
    let orphan = engine.data().join("segments/samples-99999999.parquet");
    fs::write(&orphan, b"PAR1").unwrap();

    let verified = run(&engine, &["verify"]);
    let output = String::from_utf8_lossy(&verified.stdout);
    assert_eq!(verified.status.code(), Some(1), "{output}");
    assert!(
        output.contains("samples-00000001.parquet damaged: its content is not what was written"),
        "{output}"
    );
    assert!(output.contains(", 1 damaged"), "{output}");
    assert!(output.contains("run `binnacle-cli data repair`"), "{output}");
    assert!(damaged.exists(), "verify only reads");

    let output = stdout(&engine, &["repair"]);
    assert!(output.contains("moved to") && output.contains("quarantine"), "{output}");
    assert!(output.contains("; nothing is lost"), "{output}");
    assert!(output.contains("1 orphaned files deleted"), "{output}");
    assert!(!damaged.exists() && !orphan.exists());
    assert!(fs::read(engine.data().join("quarantine/samples-00000001.parquet")).unwrap() == bytes);
    assert!(stdout(&engine, &["verify"]).contains(", 0 damaged"));
    assert_eq!(rows(&summary(&engine), DataKind::Logs, "numbered"), 1000);

    // Roll-ups are rebuilt from the points.
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await.unwrap()).await.unwrap();
    connection.send(Signal::Metrics, Signal::Metrics.numbered(2000..3000)).await.unwrap();
    stdout(&engine, &["compact"]);
    // Older roll-ups have no points: those were damaged.
    let hours = segments(&engine)
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("sample-hours-"))
        .max()
        .unwrap();
    fs::remove_file(&hours).unwrap();
    let output = stdout(&engine, &["repair"]);
    assert!(output.contains("1 roll-up files rebuilt from raw points"), "{output}");
    assert!(output.contains(", 1 damaged, 1 roll-up files rebuilt"), "{output}");
    assert!(stdout(&engine, &["verify"]).contains(", 0 damaged"));

    // The same on a folder without a running engine.
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await.unwrap()).await.unwrap();
    connection.send(Signal::Metrics, Signal::Metrics.numbered(1000..2000)).await.unwrap();
    stdout(&engine, &["compact"]);
    assert!(engine.stop().await.unwrap().success());
    let lost = segments(&engine)
        .into_iter()
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("samples-"))
        .unwrap();
    fs::remove_file(&lost).unwrap();
    let output = run(&engine, &["verify"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    stdout(&engine, &["repair"]);
    assert!(stdout(&engine, &["verify"]).contains(", 0 damaged"));
    engine.start_again().await.unwrap();
    assert_eq!(rows(&summary(&engine), DataKind::Spans, "numbered"), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_rebuilt_from_the_sealed_metrics() {
    let mut engine = engine_with_data().await;
    // A running engine writes the rates of the spans at any time.
    assert!(engine.stop().await.unwrap().success());
    stdout(&engine, &["compact"]);
    let before = summary(&engine);
    let database = engine.data().join("binnacle.duckdb");
    fs::write(&database, b"not a database at all").unwrap();
    let refused = run(&engine, &["show"]);
    let output = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && output.contains("data repair"), "{output}");
    assert_eq!(fs::read(&database).unwrap(), b"not a database at all");

    let output = stdout(&engine, &["repair"]);
    assert!(
        output.contains("binnacle.duckdb: it cannot be opened and was moved to")
            && output.contains("; lost: log records, spans")
            && output.contains(", 0 damaged"),
        "{output}"
    );
    assert_eq!(fs::read(engine.data().join("quarantine/binnacle.duckdb")).unwrap(), b"not a database at all");
    let after = summary(&engine);
    assert_eq!(rows(&after, DataKind::Metrics, "numbered"), rows(&before, DataKind::Metrics, "numbered"));
    // Logs and spans are rows of the database.
    assert_eq!(rows(&after, DataKind::Logs, "numbered"), 0);
    engine.start_again().await.unwrap();
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await.unwrap()).await.unwrap();
    connection.send(Signal::Metrics, Signal::Metrics.numbered(5000..6000)).await.unwrap();
    stdout(&engine, &["compact"]);
    let more = rows(&summary(&engine), DataKind::Metrics, "numbered");
    assert!(more >= rows(&before, DataKind::Metrics, "numbered") + 1000, "{more}");
}
