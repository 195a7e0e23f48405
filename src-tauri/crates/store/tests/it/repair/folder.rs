//! A data folder with data of every kind in every place, and what can be read of it.

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
};

use crate::fixtures::{metrics::*, *};
use model::*;
use serde_json::json;
use store::Store;
use test_support::wait::wait_until;
use tokio::sync::OnceCell;

pub(super) const DATABASE: &str = "binnacle.duckdb";
pub(super) const LOG: &str = "binnacle.duckdb.wal";

/// Services with log records in the database file.
const IN_DATABASE: usize = 6;
/// Spans in the database file and in the log.
const SPANS: [Range<u8>; 2] = [1..16, 100..115];
/// Commits in the log, each with one record of a service of its own.
const IN_LOG: usize = 40;

/// What can be read of a folder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stored {
    /// Log records by service.
    pub(super) logs: BTreeMap<String, u64>,
    /// Names of spans.
    pub(super) spans: Vec<String>,
    /// Points by metric.
    pub(super) points: BTreeMap<String, Vec<String>>,
    /// Rules, checks and silences.
    pub(super) definitions: Vec<String>,
    /// Check results and gaps.
    pub(super) history: Vec<String>,
}

impl Stored {
    pub(super) fn database_services(&self) -> impl Iterator<Item = &String> {
        self.logs.keys().filter(|name| name.starts_with("database"))
    }

    pub(super) fn log_services(&self) -> impl Iterator<Item = &String> {
        self.logs.keys().filter(|name| name.starts_with("log"))
    }

    /// Returns the kinds in which two folders differ.
    pub(super) fn differences(&self, other: &Self) -> Vec<&'static str> {
        [
            ("logs", self.logs != other.logs),
            ("spans", self.spans != other.spans),
            ("points", self.points != other.points),
            ("definitions", self.definitions != other.definitions),
            ("history", self.history != other.history),
        ]
        .into_iter()
        .filter_map(|(kind, differs)| differs.then_some(kind))
        .collect()
    }

    /// Fails if anything is there that the whole does not have.
    pub(super) fn assert_is_part_of(&self, whole: &Self) {
        for (service, count) in &self.logs {
            assert!(whole.logs.get(service).is_some_and(|of| count <= of), "{service} {count}");
        }
        let part = |left: &[String], right: &[String]| left.iter().all(|one| right.contains(one));
        assert!(part(&self.spans, &whole.spans), "spans");
        assert!(part(&self.definitions, &whole.definitions), "definitions");
        assert!(part(&self.history, &whole.history), "history");
        for (metric, points) in &self.points {
            assert!(part(points, &whole.points[metric]), "{metric}");
        }
    }
}

/// A copy of the folder.
pub(super) struct Folder(tempfile::TempDir);

static ORIGINAL: OnceCell<(tempfile::TempDir, Stored)> = OnceCell::const_new();

impl Folder {
    /// Returns what the folder holds.
    pub(super) async fn original() -> &'static Stored {
        &ORIGINAL.get_or_init(create).await.1
    }

    /// Copies the folder, as a crash leaves it.
    pub(super) async fn copy() -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(ORIGINAL.get_or_init(create).await.0.path(), copy.path());
        Self(copy)
    }

    pub(super) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Opens the folder and reads everything.
    pub(super) async fn read(&self) -> Stored {
        let store = Store::open(self.folder(), small()).unwrap();
        let stored = read(&store).await;
        store.close().await.unwrap();
        stored
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn check(id: &str) -> HealthCheck {
    HealthCheck {
        id: id.to_owned(),
        ..HealthCheck::new(
            format!("check {id}"),
            CheckKind::from_value(json!({"type": "tcp", "host": "localhost", "port": 1})).unwrap(),
        )
    }
}

async fn create() -> (tempfile::TempDir, Stored) {
    let (folder, store) = open();
    let history = store.history();
    for id in ["one", "two", "three"] {
        history.put_rule(id, &json!({"id": id, "name": format!("rule {id}")})).await.unwrap();
        history.put_check(check(id)).await.unwrap();
    }
    let silence = Silence {
        id: "quiet".to_owned(),
        rule_id: None,
        labels: Labels::default(),
        range: around(),
        reason: "work on the disk".to_owned(),
        until_resolved: false,
    };
    history.put_silence(silence).await.unwrap();
    for n in 0..20 {
        let result = CheckResult {
            check_id: "one".to_owned(),
            time: at(n),
            state: HealthState::Healthy,
            duration: n,
            message: format!("result {n}"),
            attempts: 1,
            measurements: BTreeMap::new(),
        };
        history.record_check_result(result, None).await.unwrap();
    }
    history
        .record_gap(Gap { range: TimeRange::new(at(-50), at(-40)), reason: GapReason::Asleep })
        .await
        .unwrap();
    store.write(telemetry()).await.unwrap();
    store.admin().seal_now().await.unwrap();
    for service in 0..IN_DATABASE {
        let name = format!("database-{service}");
        let records = (0..500).map(|n| {
            let body = format!("body of record {n} of {name}, {}", n * 7919 % 1009);
            log(&name, at(n), &body, Attributes::new().with("n", n))
        });
        store.write(logs(records.collect())).await.unwrap();
    }
    let spans_of =
        |numbers: Range<u8>| spans(numbers.map(|n| span("shop", n, n, None, at(i64::from(n)), 5)).collect());
    store.write(spans_of(SPANS[0].clone())).await.unwrap();
    let unsealed = |name: &str, first: i64| {
        let mut batch = TelemetryBatch::default();
        for n in 0..200 {
            let series = Series::gauge(name, "", resource("shop"), Attributes::new());
            batch.add_sample(series, at(first + n), n as f64);
        }
        batch
    };
    store.write(unsealed("in_database", 0)).await.unwrap();
    store.admin().checkpoint().await.unwrap();
    store.write(unsealed("in_log", 0)).await.unwrap();
    store.write(spans_of(SPANS[1].clone())).await.unwrap();
    for n in 0..IN_LOG {
        let service = format!("log-{n:02}");
        store.write(logs(vec![log(&service, at(n as i64), &service, Attributes::new())])).await.unwrap();
    }
    let stored = read(&store).await;
    let copied = tempfile::tempdir().unwrap();
    let log_bytes = fs::metadata(folder.path().join(LOG)).unwrap().len();
    let is_recorded = async || {
        let state = fs::read_to_string(folder.path().join("binnacle.state"))?;
        Ok(state.contains(&format!("\"log_bytes\": {log_bytes},")))
    };
    wait_until("the state of the folder is written", is_recorded).await.unwrap();
    copy_folder(folder.path(), copied.path());
    store.close().await.unwrap();
    (copied, stored)
}

async fn read(store: &Store) -> Stored {
    let range = TimeRange::new(at(-86_400), at(86_400));
    let counts = store.logs().count_by_service(&Filter::everything(), range).await.unwrap();
    let mut found = Vec::new();
    for trace in SPANS.into_iter().flatten() {
        if let Some(trace) = store.traces().trace(TraceId([trace; 16]), 10).await.unwrap() {
            found.extend(trace.spans.iter().map(|span| format!("{span:?}")));
        }
    }
    let mut points = BTreeMap::new();
    for metric in ["temperature", "requests_total", "in_database", "in_log"] {
        let series = samples(store, metric).await;
        let texts = series
            .iter()
            .flat_map(|(labels, points)| points.iter().map(move |point| format!("{labels:?} {point:?}")));
        points.insert(metric.to_owned(), texts.collect());
    }
    let history = store.history();
    let mut definitions: Vec<String> =
        history.checks().await.unwrap().iter().map(|one| format!("{one:?}")).collect();
    let rules: Vec<serde_json::Value> = history.rules().await.unwrap();
    definitions.extend(rules.iter().map(ToString::to_string));
    definitions.extend(history.silences().await.unwrap().iter().map(|one| format!("{one:?}")));
    definitions.sort();
    let mut of_history: Vec<String> = history
        .check_results("one", range, 100)
        .await
        .unwrap()
        .iter()
        .map(|one| format!("{one:?}"))
        .collect();
    of_history.extend(history.gaps(range).await.unwrap().iter().map(|one| format!("{one:?}")));
    Stored { logs: counts.into_iter().collect(), spans: found, points, definitions, history: of_history }
}
