//! Damage to the files of a data folder that are not those of the store, such as its settings.
//!
//! The store has a test of its own files. Here a start and a repair must succeed with each other
//! file damaged, with all data and rules there. Invalid settings are a diagnostic.

use std::{
    fs,
    path::{Path, PathBuf},
};

use prost::Message as _;
use serde_json::{Value, json};
use test_support::{
    engine_process::{self, EngineProcess},
    otlp_load::{OtlpConnection, Signal},
};

use crate::{log_bodies, one_log};

/// Files of the store, which has a test of its own for them.
const OF_THE_STORE: [&str; 3] = ["binnacle.", "definitions.json", "engine.reserve"];

/// Returns the files in a folder that are not those of the store.
fn other_files(folder: &Path) -> Vec<PathBuf> {
    let is_of_store = |name: &str| OF_THE_STORE.iter().any(|prefix| name.starts_with(prefix));
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file() && !is_of_store(path.file_name().unwrap().to_str().unwrap()))
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .collect();
    found.sort();
    found
}

/// Returns a text with a byte changed at its start, middle and end, without its middle one, and cut
/// in its middle and at its start.
fn damages(text: &[u8]) -> Vec<Vec<u8>> {
    let middle = text.len() / 2;
    let mut all: Vec<Vec<u8>> = [0, middle, text.len() - 1]
        .map(|position| {
            let mut bytes = text.to_vec();
            bytes[position] ^= 0x80;
            bytes
        })
        .into();
    let mut removed = text.to_vec();
    removed.remove(middle);
    all.extend([removed, text[..middle].to_vec(), Vec::new()]);
    all
}

#[tokio::test]
async fn a_damaged_byte_of_any_other_file_prevents_neither_start_nor_repair() {
    let mut engine = EngineProcess::start().await.unwrap();
    let address = engine.listener("otlp_grpc").await.unwrap();
    let mut connection = OtlpConnection::open(address).await.unwrap();
    connection.send(Signal::Logs, one_log("a record").encode_to_vec()).await.unwrap();
    let _: Value = engine
        .call(
            "save_rule",
            json!({"rule": {
                "id": "", "name": "any", "enabled": true, "severity": "warning",
                "source": {"type": "logs", "query": "", "by_service": false, "window_seconds": 60},
                "comparator": "above", "threshold": 1e6, "resolve_threshold": null,
                "for_seconds": 0, "interval_seconds": 10, "no_data": "resolve", "notify": false,
            }}),
        )
        .await
        .unwrap();
    assert!(engine.stop().await.unwrap().success());
    let files = other_files(&engine.data());
    assert!(files.iter().any(|path| path.ends_with("settings.toml")), "{files:?}");
    for file in files {
        let whole = fs::read(&file).unwrap();
        for damaged in damages(&whole) {
            fs::write(&file, &damaged).unwrap();
            let context = format!("{}: {}", file.display(), String::from_utf8_lossy(&damaged));
            let repair = engine_process::command(&engine.data(), &["data", "repair"]).unwrap().output();
            let repair = repair.unwrap();
            assert!(repair.status.success(), "{context}: {}", String::from_utf8_lossy(&repair.stderr));
            engine.launch(&[]).await.unwrap();
            assert_eq!(log_bodies(&engine, "record").await, ["a record"], "{context}");
            let rules: Vec<Value> = engine.call("rules", json!({})).await.unwrap();
            assert_eq!(rules.len(), 1, "{context}");
            let is_settings = file.ends_with("settings.toml");
            let is_invalid = is_settings && (damaged.is_empty() || config::load(&file).is_err());
            let status = engine.status().await.unwrap();
            let is_reported = status.diagnostics.iter().any(|one| one.id == "settings");
            assert_eq!(is_reported, is_invalid, "{context}");
            assert!(engine.stop().await.unwrap().success(), "{context}");
            fs::write(&file, &whole).unwrap();
        }
    }
}
