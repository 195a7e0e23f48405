//! A wall clock that jumps, and a process that was stopped.

use std::{net::TcpListener, process::Command, time::Duration};

use model::{Alert, AlertState, CheckOverview, Gap, GapReason, HealthState, TimeRange, Timestamp};
use serde_json::{Value, json};
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    otlp_load,
    wait::wait_until,
};

use crate::fake_clock::FakeClock;

/// Starts an engine whose wall clock, and nothing else, is set by a test.
async fn engine_with_clock() -> (EngineProcess, FakeClock) {
    let mut engine = EngineProcess::prepare(SETTINGS).unwrap();
    let clock = FakeClock::of(&mut engine);
    engine.start_again().await.unwrap();
    (engine, clock)
}

/// Returns a range of a day around now.
fn today() -> TimeRange {
    let now = Timestamp(otlp_load::now() as i64);
    TimeRange::new(now.offset(-86_400_000_000_000), now.offset(86_400_000_000_000))
}

async fn check(engine: &EngineProcess) -> CheckOverview {
    let checks: Vec<CheckOverview> =
        engine.call("checks", json!({"range": today(), "buckets": 1})).await.unwrap();
    checks.into_iter().next().unwrap()
}

async fn has_gap(engine: &EngineProcess, reason: GapReason) -> bool {
    let gaps: Vec<Gap> = engine.call("gaps", json!({"range": today()})).await.unwrap();
    gaps.iter().any(|gap| gap.reason == reason)
}

async fn wait_for_check(engine: &EngineProcess, state: HealthState) {
    let seen = async || Ok(check(engine).await.latest.is_some_and(|latest| latest.state == state));
    wait_until(&format!("the check is {state:?}"), seen).await.unwrap();
}

#[tokio::test]
async fn a_clock_that_was_ahead_or_behind_for_seconds_hides_no_failure() {
    for seconds in [7_200, -7_200, 157_680_000] {
        let (engine, clock) = engine_with_clock().await;
        let target = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = target.local_addr().unwrap().port();
        let saved: Value = engine
            .call(
                "save_check",
                json!({"secret": null, "check": {
                    "id": "", "name": "target", "enabled": true,
                    "kind": {"type": "tcp", "host": "127.0.0.1", "port": port},
                    "interval_seconds": 1, "timeout_seconds": 1, "retries": 0, "retry_interval_seconds": 1,
                    "degraded_above_ms": null, "service": null,
                }}),
            )
            .await
            .unwrap();
        let _: Value = engine
            .call(
                "save_rule",
                json!({"rule": {
                    "id": "", "name": "target is down", "enabled": true, "severity": "critical",
                    "source": {"type": "check", "check_id": saved["id"]},
                    "comparator": "at_least", "threshold": 2.0, "resolve_threshold": null,
                    "for_seconds": 0, "interval_seconds": 1, "no_data": "keep_state", "notify": false,
                }}),
            )
            .await
            .unwrap();
        wait_for_check(&engine, HealthState::Healthy).await;
        clock.set_ahead(seconds);
        engine
            .wait_for_status("the jump is reported", |status| {
                status.diagnostics.iter().any(|one| one.id == "clock")
            })
            .await
            .unwrap();
        let during = check(&engine).await.latest.unwrap().time;
        let seen = async || Ok(check(&engine).await.latest.is_some_and(|latest| latest.time > during));
        wait_until("a result is stored during the jump", seen).await.unwrap();
        clock.set_ahead(0);
        drop(target);
        wait_for_check(&engine, HealthState::Unhealthy).await;
        let latest = check(&engine).await.latest.unwrap();
        let now = Timestamp(otlp_load::now() as i64);
        assert!(
            now.since(latest.time).abs() < 60_000_000_000,
            "{seconds}: stamped {:?} at {now:?}",
            latest.time
        );
        let fires = async || {
            let alerts: Vec<Alert> = engine.call("alerts", json!({})).await?;
            Ok(alerts.iter().any(|alert| alert.state == AlertState::Firing))
        };
        wait_until("the alert fires", fires).await.unwrap();
        let recorded = async || Ok(has_gap(&engine, GapReason::ClockChanged).await);
        wait_until("the jump is in the ledger", recorded).await.unwrap();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_process_that_was_stopped_leaves_a_gap() {
    let engine = EngineProcess::start().await.unwrap();
    let process = engine.process_id().unwrap().to_string();
    let signal =
        |name: &str| assert!(Command::new("kill").args([name, &process]).status().unwrap().success());
    assert!(!has_gap(&engine, GapReason::Stalled).await);
    signal("-STOP");
    // The length of the gap is what is tested.
    tokio::time::sleep(Duration::from_secs(8)).await;
    signal("-CONT");
    let recorded = async || Ok(has_gap(&engine, GapReason::Stalled).await);
    wait_until("the stop is in the ledger", recorded).await.unwrap();
}
