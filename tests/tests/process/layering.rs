//! The table of rooms in `docs/architecture.md` is true: a crate uses only those above it.

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::Value;

/// The rooms, lowest first, with the one sentence each has in the architecture.
const ROOMS: &[&str] = &[
    "model",
    "runtime",
    "config",
    "tls",
    "analysis",
    "prometheus",
    "log_formats",
    "store",
    "query",
    "ingest",
    "collect",
    "checks",
    "insights",
    "alerts",
    "report",
    "demo",
    "engine",
    "api",
    "web",
];

/// Who may use an outside library that decides what a room knows. Tests may use any.
const KNOWN_BY: &[(&str, &[&str])] = &[
    ("duckdb", &["store"]),
    ("tauri", &["binnacle"]),
    ("axum", &["ingest", "web", "test_support", "tests"]),
    ("tonic", &["ingest", "demo", "test_support", "tests"]),
    ("opentelemetry-proto", &["ingest", "demo", "test_support", "tests"]),
    ("notify-rust", &["alerts"]),
    ("keyring", &["checks"]),
    ("tokio-postgres", &["checks"]),
    ("redis", &["checks"]),
    ("sysinfo", &["collect", "store", "test_support", "tests"]),
    ("anyhow", &["binnacle", "binnacle-cli", "test_support", "tests", "xtask"]),
    ("rustls", &["checks", "tls"]),
];

/// Rooms without I/O: what they may use at all, besides each other.
const PURE: &[(&str, &[&str])] = &[
    ("model", &["chrono", "hex", "serde", "serde_json", "ts-rs", "url", "xxhash-rust"]),
    ("analysis", &["model", "realfft", "serde", "statrs"]),
    ("prometheus", &["config", "md-5", "model", "prost", "regex", "serde_json", "thiserror"]),
    ("log_formats", &["chrono", "model", "regex", "serde_json"]),
];

/// Dependencies of each package of the workspace, those of tests left out.
fn dependencies() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let used = package["dependencies"].as_array().unwrap().iter();
            let used = used.filter(|used| used["kind"].is_null()).map(|used| text(&used["name"])).collect();
            (text(&package["name"]), used)
        })
        .collect()
}

#[test]
fn a_room_uses_only_rooms_above_it() {
    let dependencies = dependencies();
    for (place, room) in ROOMS.iter().enumerate() {
        for used in &dependencies[*room] {
            if let Some(other) = ROOMS.iter().position(|name| name == used) {
                assert!(other < place, "{room} uses {used}, which is not above it");
            }
            let is_front =
                ["binnacle", "binnacle-cli", "xtask", "test_support", "tests"].contains(&used.as_str());
            assert!(!is_front, "{room} uses {used}, which is a front or a tool");
        }
    }
    let rooms = dependencies.keys().filter(|name| {
        !["binnacle", "binnacle-cli", "xtask", "test_support", "tests"].contains(&name.as_str())
    });
    assert_eq!(rooms.count(), ROOMS.len(), "a crate is missing in the table of rooms");
}

#[test]
fn libraries_are_known_where_they_belong() {
    let dependencies = dependencies();
    for (library, allowed) in KNOWN_BY {
        let known = dependencies.iter().filter(|(_, used)| used.iter().any(|name| name == library));
        for (package, _) in known {
            assert!(allowed.contains(&package.as_str()), "{package} must not know {library}");
        }
        assert!(
            allowed.iter().any(|package| dependencies[*package].iter().any(|name| name == library)),
            "{library} is used nowhere; take it off the list"
        );
    }
}

#[test]
fn rooms_without_input_and_output_stay_pure() {
    let dependencies = dependencies();
    for (room, allowed) in PURE {
        for used in &dependencies[*room] {
            assert!(allowed.contains(&used.as_str()), "{room} must not use {used}");
        }
    }
}

#[test]
fn the_table_of_rooms_is_in_the_architecture() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/architecture.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut last = 0;
    for room in ROOMS {
        let row = format!("| `{room}` |");
        let found = text.find(&row).unwrap_or_else(|| panic!("no row begins with {row}"));
        assert!(found > last, "{room} is out of order");
        last = found;
    }
}
