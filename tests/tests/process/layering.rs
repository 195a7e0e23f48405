//! The layers of crates: a crate uses only those above it in the table of `docs/architecture.md`.

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::Value;

/// The crates in the order of the table, lowest layer first.
const CRATES: &[&str] = &[
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

/// Front ends and tools, which no crate of the table uses.
const OUTSIDE: &[&str] = &["binnacle", "binnacle-cli", "fuzz", "xtask", "test_support", "tests"];

/// External libraries that only the named packages may use. Tests may use any.
const ALLOWED_USERS: &[(&str, &[&str])] = &[
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

/// Crates without I/O, with all their permitted dependencies.
const PURE: &[(&str, &[&str])] = &[
    ("model", &["chrono", "hex", "serde", "serde_json", "ts-rs", "url", "xxhash-rust"]),
    ("analysis", &["model", "realfft", "serde", "statrs"]),
    ("prometheus", &["config", "md-5", "model", "prost", "regex", "serde_json", "thiserror", "xxhash-rust"]),
    ("log_formats", &["chrono", "model", "regex", "serde_json"]),
];

/// Returns the dependencies of each package of the workspace, without those of its tests.
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
fn a_crate_uses_only_crates_above_it() {
    let dependencies = dependencies();
    for (position, name) in CRATES.iter().enumerate() {
        for used in &dependencies[*name] {
            if let Some(other) = CRATES.iter().position(|other| other == used) {
                assert!(other < position, "{name} uses {used}, which is not above it");
            }
            assert!(!OUTSIDE.contains(&used.as_str()), "{name} uses {used}, which is a front end or a tool");
        }
    }
    let crates = dependencies.keys().filter(|name| !OUTSIDE.contains(&name.as_str()));
    assert_eq!(crates.count(), CRATES.len(), "a crate is missing in the table of crates");
}

#[test]
fn libraries_are_used_only_where_permitted() {
    let dependencies = dependencies();
    for (library, allowed) in ALLOWED_USERS {
        let users = dependencies.iter().filter(|(_, used)| used.iter().any(|name| name == library));
        for (package, _) in users {
            assert!(allowed.contains(&package.as_str()), "{package} must not use {library}");
        }
        assert!(
            allowed.iter().any(|package| dependencies[*package].iter().any(|name| name == library)),
            "{library} is used nowhere; take it off the list"
        );
    }
}

#[test]
fn crates_without_input_and_output_stay_pure() {
    let dependencies = dependencies();
    for (name, allowed) in PURE {
        for used in &dependencies[*name] {
            assert!(allowed.contains(&used.as_str()), "{name} must not use {used}");
        }
    }
}

#[test]
fn the_table_of_crates_is_in_the_architecture() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/architecture.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut last = 0;
    for name in CRATES {
        let row = format!("| `{name}` |");
        let found = text.find(&row).unwrap_or_else(|| panic!("no row begins with {row}"));
        assert!(found > last, "{name} is out of order");
        last = found;
    }
}
