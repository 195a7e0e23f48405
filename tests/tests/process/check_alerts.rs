//! From a stopped database to a firing alert and back, through a whole engine.

use std::path::Path;

use alerts::{AlertRule, CheckSource, RuleOverview};
use checks::kinds::{PostgresCheck, RedisCheck};
use engine::Engine;
use model::{
    AlertState, CheckKind, CheckOverview, HealthCheck, HealthState, Incident, Notification, NotificationKind,
    TimeRange,
};
use runtime::Clock;
use serde_json::{Value, json};
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    servers::{Postgres, Redis},
    wait::wait_until,
};

use crate::watched_engine::{options, rule};

fn check(name: &str, kind: CheckKind) -> HealthCheck {
    HealthCheck {
        interval_seconds: 1,
        retry_interval_seconds: 1,
        service: Some("orders".to_owned()),
        ..HealthCheck::new(name, kind)
    }
}

fn postgres_check(postgres: &Postgres) -> PostgresCheck {
    PostgresCheck {
        host: "127.0.0.1".to_owned(),
        port: postgres.port(),
        database: "postgres".to_owned(),
        user: "postgres".to_owned(),
        query: "select 1".to_owned(),
        tls: false,
    }
}

async fn engine(folder: &Path) -> Engine {
    Engine::start(options(folder)).await.unwrap()
}

async fn wait_for_check(engine: &Engine, id: &str, state: HealthState) {
    wait_until(&format!("{id} is {state:?}"), async || {
        let latest = engine.store().history().latest_check_results().await?;
        Ok(latest.into_iter().any(|result| result.check_id == id && result.state == state))
    })
    .await
    .unwrap();
}

async fn wait_for_alert(engine: &Engine, rule_id: &str, state: AlertState) {
    wait_until(&format!("the alert of {rule_id} is {state:?}"), async || {
        let alerts = engine.store().history().alerts().await?;
        Ok(alerts.into_iter().any(|alert| alert.rule_id == rule_id && alert.state == state))
    })
    .await
    .unwrap();
}

async fn count_notifications(engine: &Engine, rule_id: &str, kind: NotificationKind) -> usize {
    let range = TimeRange::last(3600, engine.clock().now().offset(1_000_000_000));
    let notifications = engine.store().history().notifications(range, 100).await.unwrap();
    let of_rule =
        notifications.iter().filter(|one| one.rule_id.as_deref() == Some(rule_id) && one.kind == kind);
    of_rule.count()
}

async fn incidents(engine: &Engine, check_id: &str) -> Vec<Incident> {
    let range = TimeRange::last(3600, engine.clock().now().offset(1_000_000_000));
    engine.store().history().incidents(range, Some(check_id), 10).await.unwrap()
}

async fn goes_down_and_comes_back(kind: CheckKind, secret: &str, mut server: impl FnMut(bool)) {
    let folder = tempfile::tempdir().unwrap();
    let engine_before = engine(folder.path()).await;
    let saved = engine_before.checks().save(check("database", kind), Some(secret.to_owned())).await.unwrap();
    let rule =
        engine_before.alerts().save_rule(AlertRule { for_seconds: 1, ..rule(&saved.id) }).await.unwrap();
    wait_for_check(&engine_before, &saved.id, HealthState::Healthy).await;

    tokio::task::block_in_place(|| server(false));
    wait_for_check(&engine_before, &saved.id, HealthState::Unhealthy).await;
    wait_for_alert(&engine_before, &rule.id, AlertState::Firing).await;
    wait_until("the firing is in the notification log", async || {
        Ok(count_notifications(&engine_before, &rule.id, NotificationKind::Firing).await > 0)
    })
    .await
    .unwrap();
    assert_eq!(incidents(&engine_before, &saved.id).await.len(), 1);

    // A restart keeps the alert firing and the incident open.
    engine_before.stop().await;
    drop(engine_before);
    let engine = engine(folder.path()).await;
    wait_for_alert(&engine, &rule.id, AlertState::Firing).await;

    tokio::task::block_in_place(|| server(true));
    wait_for_check(&engine, &saved.id, HealthState::Healthy).await;
    wait_for_alert(&engine, &rule.id, AlertState::Inactive).await;
    let incidents = incidents(&engine, &saved.id).await;
    assert_eq!(incidents.len(), 1, "one incident, over the restart");
    assert!(incidents[0].ended.is_some());
    let transitions = engine
        .store()
        .history()
        .transitions(TimeRange::last(3600, engine.clock().now().offset(1_000_000_000)), 100)
        .await
        .unwrap();
    let firings = transitions.iter().filter(|step| {
        step.rule_id == rule.id && step.to == AlertState::Firing && step.from != AlertState::Firing
    });
    assert_eq!(firings.count(), 1, "fired once: {transitions:?}");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_stops_and_an_alert_fires_until_it_is_back() {
    let mut postgres = tokio::task::spawn_blocking(|| Postgres::start("secret").unwrap()).await.unwrap();
    let kind = postgres_check(&postgres);
    goes_down_and_comes_back(kind.into(), "secret", move |up| {
        if up { postgres.start_again().unwrap() } else { postgres.stop() }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_stops_and_an_alert_fires_until_it_is_back() {
    let mut redis = tokio::task::spawn_blocking(|| Redis::start("secret").unwrap()).await.unwrap();
    let kind =
        RedisCheck { host: "127.0.0.1".to_owned(), port: redis.port(), database: 0, user: None, tls: false };
    goes_down_and_comes_back(kind.into(), "secret", move |up| {
        if up { redis.start_again().unwrap() } else { redis.stop() }
    })
    .await;
}

/// Returns whether a check notifies, as the console shows it.
async fn notifies(engine: &EngineProcess, id: &str) -> bool {
    let range = TimeRange::last(60, Clock::system().now());
    let checks: Vec<CheckOverview> =
        engine.call("checks", json!({ "range": range, "buckets": 1 })).await.unwrap();
    checks.iter().find(|one| one.check.id == id).unwrap().notifies
}

async fn rules(engine: &EngineProcess) -> Vec<RuleOverview> {
    engine.call("rules", json!({})).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_notifies_by_a_rule_of_its_own_unless_switched_off() {
    let mut postgres = tokio::task::spawn_blocking(|| Postgres::start("secret").unwrap()).await.unwrap();
    let mut engine = EngineProcess::prepare(SETTINGS).unwrap();
    engine.start_again().await.unwrap();
    let kind = postgres_check(&postgres);
    let save = async |check: &HealthCheck, notify: Option<bool>| -> anyhow::Result<HealthCheck> {
        engine.call("save_check", json!({ "check": check, "secret": "secret", "notify": notify })).await
    };
    let quiet = save(&check("quiet", kind.clone().into()), None).await.unwrap();
    assert!(!notifies(&engine, &quiet.id).await && rules(&engine).await.is_empty());
    let saved = save(&check("orders-db", kind.into()), Some(true)).await.unwrap();
    assert!(notifies(&engine, &saved.id).await && !notifies(&engine, &quiet.id).await);

    let wait_for = async |kind: NotificationKind| {
        wait_until(&format!("a notification {kind:?}"), async || {
            let range = TimeRange::last(3600, Clock::system().now().offset(1_000_000_000));
            let list: Vec<Notification> =
                engine.call("notifications", json!({ "range": range, "limit": 100 })).await?;
            Ok(list.iter().any(|one| one.kind == kind && one.title.contains("orders-db is unhealthy")))
        })
        .await
        .unwrap();
    };
    tokio::task::block_in_place(|| postgres.stop());
    wait_for(NotificationKind::Firing).await;
    tokio::task::block_in_place(|| postgres.start_again()).unwrap();
    wait_for(NotificationKind::Resolved).await;

    // The rule follows the name, is switched off with the check and goes with it.
    let renamed = HealthCheck { name: "orders".to_owned(), ..saved.clone() };
    save(&renamed, Some(true)).await.unwrap();
    assert_eq!(rules(&engine).await[0].rule.name, "orders is unhealthy");
    save(&renamed, Some(false)).await.unwrap();
    assert!(!notifies(&engine, &saved.id).await);
    save(&renamed, Some(true)).await.unwrap();
    assert!(notifies(&engine, &saved.id).await);
    let _: Value = engine.call("delete_check", json!({ "id": saved.id })).await.unwrap();
    assert!(rules(&engine).await.is_empty());

    // A rule on every check notifies for this one, too. It is not added to, and cannot be left out.
    let every = AlertRule { source: CheckSource { check_id: None }.into(), ..rule(&quiet.id) };
    let _: AlertRule = engine.call("save_rule", json!({ "rule": every })).await.unwrap();
    save(&quiet, Some(true)).await.unwrap();
    assert!(notifies(&engine, &quiet.id).await && rules(&engine).await.len() == 1);
    let error = save(&quiet, Some(false)).await.unwrap_err().to_string();
    assert!(error.contains("notifies for every check"), "{error}");
}
