//! `binnacle-cli data`: of a running engine and of its folder once it is stopped.

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

/// What a command that succeeds prints.
fn ask(engine: &EngineProcess, arguments: &[&str]) -> String {
    let output = run(engine, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn kept(engine: &EngineProcess) -> DataSummary {
    serde_json::from_str(&ask(engine, &["show", "--json"])).unwrap()
}

fn rows(summary: &DataSummary, kind: DataKind, service: &str) -> u64 {
    let of = |kept: &&model::StoredData| kept.kind == kind && kept.service == service;
    summary.retention.stored.iter().filter(of).map(|kept| kept.rows).sum()
}

fn partitions(engine: &EngineProcess) -> Vec<PathBuf> {
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
async fn data_are_shown_compacted_and_kept_no_longer_than_wanted() {
    let mut engine = engine_with_data().await;
    let preview: RetentionPreview = engine.call("retention_preview", json!({})).await.unwrap();
    assert_eq!(preview.dropped.len(), 1, "{:?}", preview.dropped);
    let going = &preview.dropped[0];
    assert_eq!((going.kind, going.service.as_str(), going.rows), (DataKind::Logs, "old", 1));
    assert_eq!(going.reason, DropReason::Age);
    let shown = ask(&engine, &["show"]);
    assert!(shown.contains("expires next: logs of old, 1 rows"), "{shown}");
    assert!(shown.contains("the first points are not sealed yet"), "{shown}");
    assert_eq!(partitions(&engine).len(), 0);

    let told = ask(&engine, &["compact"]);
    for words in [
        "1/4 sealing",
        "2/4 compacting",
        "3/4 applying",
        "deleted: logs of old, 1 rows",
        "4/4 compacting",
        "before",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!partitions(&engine).is_empty());
    let live = kept(&engine);
    // And what is made from the spans meanwhile.
    assert!(rows(&live, DataKind::Metrics, "numbered") >= 1000);
    assert_eq!(rows(&live, DataKind::Logs, "numbered"), 1000);
    assert_eq!(rows(&live, DataKind::Spans, "numbered"), 1000);
    assert_eq!(rows(&live, DataKind::Logs, "old"), 0);
    let verified = ask(&engine, &["verify"]);
    assert!(verified.contains("table logs ok"), "{verified}");
    assert!(verified.contains("samples-00000001.parquet ok"), "{verified}");
    assert!(verified.contains(", 0 damaged"), "{verified}");

    assert!(engine.stop().await.unwrap().success());
    let folder = kept(&engine);
    assert!(rows(&folder, DataKind::Metrics, "numbered") >= 1000);
    assert_eq!(rows(&folder, DataKind::Logs, "numbered"), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_partition_is_found_and_moved_away_and_the_rest_goes_on() {
    let mut engine = engine_with_data().await;
    ask(&engine, &["compact"]);
    let damaged = engine.data().join("segments/samples-00000001.parquet");
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&damaged, &bytes).unwrap();
    // What a crash may leave behind.
    let orphan = engine.data().join("segments/samples-99999999.parquet");
    fs::write(&orphan, b"PAR1").unwrap();

    let output = run(&engine, &["verify"]);
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("samples-00000001.parquet damaged: its content is not what was written"), "{told}");
    assert!(told.contains(", 1 damaged"), "{told}");
    assert!(damaged.exists(), "to verify is only to look");

    let told = ask(&engine, &["repair"]);
    assert!(told.contains("moved to") && told.contains("quarantine"), "{told}");
    assert!(told.contains("1 orphaned files deleted"), "{told}");
    assert!(!damaged.exists() && !orphan.exists());
    assert!(fs::read(engine.data().join("quarantine/samples-00000001.parquet")).unwrap() == bytes);
    assert!(ask(&engine, &["verify"]).contains(", 0 damaged"));
    assert_eq!(rows(&kept(&engine), DataKind::Logs, "numbered"), 1000);

    // Minutes and hours are made anew from the points.
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await.unwrap()).await.unwrap();
    connection.send(Signal::Metrics, Signal::Metrics.numbered(2000..3000)).await.unwrap();
    ask(&engine, &["compact"]);
    // Older ones have no points any more: those were damaged.
    let hours = partitions(&engine)
        .into_iter()
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("sample-hours-"))
        .max()
        .unwrap();
    fs::remove_file(&hours).unwrap();
    let told = ask(&engine, &["repair"]);
    assert!(told.contains("1 roll-up files rebuilt from the points"), "{told}");
    assert!(told.contains(", 1 damaged, 1 rebuilt"), "{told}");
    assert!(ask(&engine, &["verify"]).contains(", 0 damaged"));

    // The same on a folder that no engine runs on.
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await.unwrap()).await.unwrap();
    connection.send(Signal::Metrics, Signal::Metrics.numbered(1000..2000)).await.unwrap();
    ask(&engine, &["compact"]);
    assert!(engine.stop().await.unwrap().success());
    let lost = partitions(&engine)
        .into_iter()
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("samples-"))
        .unwrap();
    fs::remove_file(&lost).unwrap();
    let output = run(&engine, &["verify"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    ask(&engine, &["repair"]);
    assert!(ask(&engine, &["verify"]).contains(", 0 damaged"));
    engine.start_again().await.unwrap();
    assert_eq!(rows(&kept(&engine), DataKind::Spans, "numbered"), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_made_anew_from_the_sealed_metrics() {
    let mut engine = engine_with_data().await;
    ask(&engine, &["compact"]);
    let before = kept(&engine);
    assert!(engine.stop().await.unwrap().success());
    let database = engine.data().join("binnacle.duckdb");
    fs::write(&database, b"not a database at all").unwrap();
    let refused = run(&engine, &["show"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("data repair"), "{told}");
    assert_eq!(fs::read(&database).unwrap(), b"not a database at all");

    let told = ask(&engine, &["repair"]);
    assert!(
        told.contains("the database was damaged: it was moved to") && told.contains(", 0 damaged"),
        "{told}"
    );
    assert_eq!(fs::read(engine.data().join("quarantine/binnacle.duckdb")).unwrap(), b"not a database at all");
    let after = kept(&engine);
    assert_eq!(rows(&after, DataKind::Metrics, "numbered"), rows(&before, DataKind::Metrics, "numbered"));
    // Logs and spans are rows of the database.
    assert_eq!(rows(&after, DataKind::Logs, "numbered"), 0);
    engine.start_again().await.unwrap();
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await.unwrap()).await.unwrap();
    connection.send(Signal::Metrics, Signal::Metrics.numbered(5000..6000)).await.unwrap();
    ask(&engine, &["compact"]);
    let more = rows(&kept(&engine), DataKind::Metrics, "numbered");
    assert!(more >= rows(&before, DataKind::Metrics, "numbered") + 1000, "{more}");
}
