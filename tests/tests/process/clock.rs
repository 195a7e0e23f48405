//! A whole engine with a clock of its own stamps everything that it stores by that clock.

use std::path::Path;

use alerts::AlertRule;
use checks::kinds::TcpCheck;
use engine::{Engine, EngineOptions};
use model::{AlertState, HealthCheck, HealthState, LogRecord, TimeRange, Timestamp};
use reqwest::StatusCode;
use runtime::ManualClock;
use serde_json::json;
use test_support::{servers::free_port, wait::wait_for};

use crate::watched_engine::{options, rule};

/// 2031-05-01, far from the clock of the machine.
const START: Timestamp = Timestamp(1_935_360_000_000_000_000);

async fn engine(folder: &Path, time: &ManualClock, otlp_http: &str) -> Engine {
    let options =
        EngineOptions { otlp_http: Some(otlp_http.to_owned()), clock: time.clock(), ..options(folder) };
    Engine::start(options).await.unwrap()
}

fn check(port: u16) -> HealthCheck {
    HealthCheck {
        interval_seconds: 3600,
        retries: 0,
        ..HealthCheck::new("nothing listens", TcpCheck { host: "127.0.0.1".to_owned(), port })
    }
}

/// Sends a log record without a time and returns the stored one.
async fn stored_record(engine: &Engine, otlp_http: &str) -> LogRecord {
    let mut commits = engine.store().subscribe();
    let request = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
        {"body": {"stringValue": "no time"}},
    ]}]}]});
    let client = tls::http_client_builder().no_proxy().build().unwrap();
    let sent = client.post(format!("http://{otlp_http}/v1/logs")).json(&request).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::OK);
    loop {
        let commit = commits.recv().await.unwrap();
        if let Some(record) = commit.telemetry.iter().find_map(|batch| batch.logs.first()) {
            return record.clone();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_stamps_what_it_stores_by_its_own_clock() {
    let (folder, time) = (tempfile::tempdir().unwrap(), ManualClock::new(START));
    let otlp_http = format!("127.0.0.1:{}", free_port().unwrap());
    let engine = engine(folder.path(), &time, &otlp_http).await;
    let history = engine.store().history();

    let record = stored_record(&engine, &otlp_http).await;
    assert_eq!((record.time, record.observed_time), (START, START));

    let check = engine.checks().save(check(free_port().unwrap()), None).await.unwrap();
    let result = wait_for("the check has a result", async || {
        let latest = history.latest_check_results().await?;
        Ok(latest.into_iter().find(|result| result.check_id == check.id))
    });
    let result = result.await.unwrap();
    assert_eq!((result.state, result.time, result.duration), (HealthState::Unhealthy, START, 0));

    let rule = engine
        .alerts()
        .save_rule(AlertRule { interval_seconds: 60, notify: false, ..rule(&check.id) })
        .await
        .unwrap();
    let fired = wait_for("the alert fires", async || {
        let range = TimeRange::new(Timestamp(0), START.offset(1));
        let transitions = history.transitions(range, 100).await?;
        Ok(transitions.into_iter().find(|step| step.rule_id == rule.id && step.to == AlertState::Firing))
    });
    assert_eq!(fired.await.unwrap().time, START);
    engine.stop().await;
}
