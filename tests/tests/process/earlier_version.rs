//! A data folder and a settings file of version 5ccbe03 open with their meaning unchanged.
//!
//! `tests/fixtures/5ccbe03` contains the folder and the answers of that version.

use std::{collections::BTreeMap, path::Path};

use api::{Backend as _, EngineBackend, Reply};
use engine::{Engine, EngineOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Renamed series, each with its former name first.
const RENAMED: &[(&str, &str)] = &[
    ("binnacle_part_up", "binnacle_component_up"),
    ("binnacle_points_held_back_total", "binnacle_points_dropped_total"),
];

/// Renamed fields of a rule, each with its former name first.
const RENAMED_RULE_FIELDS: &[(&str, &str)] =
    &[("watch", "source"), ("hold_seconds", "for_seconds"), ("missing_data", "no_data")];

fn fixture() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/5ccbe03")
}

fn answers() -> Value {
    serde_json::from_slice(&std::fs::read(fixture().join("answers.json")).unwrap()).unwrap()
}

fn unpack() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::open(fixture().join("data.tar.gz")).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(file)).unpack(folder.path()).unwrap();
    folder
}

/// Opens the folder without observing, so that nothing is added and nothing expires.
async fn open(folder: &TempDir) -> (Engine, EngineBackend) {
    let mut options = EngineOptions::new(folder.path().join("data"));
    options.observe = false;
    let engine = Engine::start(options).await.unwrap();
    (engine.clone(), EngineBackend::new(engine))
}

async fn call(backend: &EngineBackend, name: &str, arguments: Value) -> Value {
    match backend.call(name, arguments).await.unwrap_or_else(|error| panic!("{name}: {error}")) {
        Reply::Json(value) => value,
        other => panic!("{name} answered {other:?}"),
    }
}

/// Counts the rows of a CSV export by the value of a column.
async fn exported(backend: &EngineBackend, signal: &str, range: &Value, column: &str) -> Value {
    let request = json!({"request": {"signal": signal, "range": range, "format": "csv"}});
    let Reply::File(file) = backend.call("export", request).await.unwrap() else {
        panic!("an export is a file")
    };
    let content = file.content.collect(u64::MAX).await.unwrap();
    let mut reader = csv::Reader::from_reader(content.as_slice());
    let position = reader.headers().unwrap().iter().position(|name| name == column).unwrap();
    let mut counts = BTreeMap::<String, u64>::new();
    for row in reader.records() {
        *counts.entry(row.unwrap()[position].to_owned()).or_default() += 1;
    }
    json!(counts)
}

fn renamed(name: &str) -> &str {
    RENAMED.iter().find(|(before, _)| *before == name).map_or(name, |(_, after)| after)
}

/// Takes the named fields of each row.
fn fields(rows: &Value, names: &[&str]) -> Vec<Value> {
    let row = |row: &Value| names.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect();
    rows.as_array().unwrap().iter().map(|value| Value::Object(row(value))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_checks_and_history_of_5ccbe03_keep_their_meaning() {
    let (folder, old) = (unpack(), answers());
    let (engine, backend) = open(&folder).await;
    let history = json!({"range": old["range"], "limit": 1000});

    let mut rules = old["rules"].clone();
    for rule in rules.as_array_mut().unwrap() {
        let rule = rule.as_object_mut().unwrap();
        for (before, after) in RENAMED_RULE_FIELDS {
            let value = rule.remove(*before).unwrap();
            rule.insert((*after).to_owned(), value);
        }
    }
    let found = call(&backend, "rules", json!({})).await;
    let found: Vec<&Value> = found.as_array().unwrap().iter().map(|row| &row["rule"]).collect();
    assert_eq!(json!(found), rules);

    let arguments = json!({"range": old["range"], "buckets": 10});
    let found = call(&backend, "checks", arguments).await;
    assert_eq!(json!(fields(&found, &["check", "has_secret", "target"])), old["checks"]);

    let mut silences = old["silences"].clone();
    for silence in silences.as_array_mut().unwrap() {
        silence["until_resolved"] = json!(false);
    }
    assert_eq!(call(&backend, "silences", json!({})).await, silences);
    let found = call(&backend, "alert_history", history.clone()).await;
    assert_eq!(json!(fields(&found, &["time", "fingerprint", "from", "to", "value"])), old["history"]);

    let found = call(&backend, "notifications", history).await;
    let found: Vec<Value> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!({"id": row["id"], "kind": row["kind"], "outcome": row["outcome"]["type"]}))
        .collect();
    assert_eq!(json!(found), old["notifications"]);

    let arguments = json!({"range": old["range"], "check_id": null, "limit": 100});
    assert_eq!(call(&backend, "incidents", arguments).await, old["incidents"]);
    assert_eq!(call(&backend, "gaps", json!({"range": old["range"]})).await, old["gaps"]);

    for firing in old["evidence"].as_array().unwrap() {
        let arguments = json!({"fingerprint": firing["fingerprint"], "fired_at": firing["fired_at"]});
        let found = call(&backend, "alert_evidence", arguments).await;
        let length = |value: &Value| value.as_array().unwrap().len();
        let values: Vec<usize> =
            found["series"].as_array().unwrap().iter().map(|series| length(&series["values"])).collect();
        assert_eq!(json!(values), firing["values"]);
        assert_eq!(json!(length(&found["logs"])), firing["logs"]);
        assert_eq!(json!(length(&found["traces"])), firing["traces"]);
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn telemetry_of_5ccbe03_is_all_there() {
    let (folder, old) = (unpack(), answers());
    let catalogue: BTreeMap<String, Value> = old["catalog"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (renamed(row[0].as_str().unwrap()).to_owned(), json!([row[1], row[2], row[3]])))
        .collect();
    let mut samples = json!({});
    for (name, count) in old["rows"]["metrics"].as_object().unwrap() {
        samples[renamed(name)] = count.clone();
    }

    // Twice: the second start finds what the first one migrated.
    for _ in 0..2 {
        let (engine, backend) = open(&folder).await;
        let arguments = json!({"search": "", "matchers": [], "limit": 10_000});
        let found = call(&backend, "metric_catalog", arguments).await;
        let found: BTreeMap<String, Value> = found
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                (row["name"].as_str().unwrap().to_owned(), json!([row["kind"], row["unit"], row["series"]]))
            })
            .collect();
        assert_eq!(found, catalogue);
        assert_eq!(exported(&backend, "metrics", &old["range"], "metric").await, samples);
        assert_eq!(exported(&backend, "logs", &old["range"], "service").await, old["rows"]["logs"]);
        assert_eq!(exported(&backend, "spans", &old["range"], "service").await, old["rows"]["spans"]);
        engine.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_5ccbe03_keep_their_meaning_and_their_comments() {
    let folder = unpack();
    let (engine, backend) = open(&folder).await;
    let found = call(&backend, "settings", json!({})).await;
    let text = found.to_string();
    assert!(!text.contains("unknown"), "{text}");
    let settings = config::load(&folder.path().join("data/settings.toml")).unwrap();
    assert_eq!((settings.retention.metrics_days, settings.retention.logs_days), (61, 31));
    assert_eq!((settings.limits.series_per_service, settings.limits.values_per_label), (5000, 40));
    assert_eq!((settings.host.interval_seconds, settings.host.top_processes), (1, 3));
    assert!(!settings.host.collectors.raid && settings.host.collectors.cpu);
    assert!(!settings.alerts.desktop_notifications);
    let file = std::fs::read_to_string(folder.path().join("data/settings.toml")).unwrap();
    assert!(file.contains("with remarks that stay") && file.contains("# Every second on this machine."));
    engine.stop().await;
}
