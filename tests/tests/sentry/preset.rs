//! The preset of checks for a self-hosted Sentry: previewed, added once, edited, run on real
//! servers and removed together.

use axum::{Router, routing::get};
use model::{
    CheckKind, CheckOverview, CheckResult, HealthCheck, HealthState, SentryPreset, TimeRange, Timestamp,
};
use serde_json::{Value, json};
use test_support::{
    engine_process::EngineProcess,
    servers::{Postgres, Redis},
};

/// Serves the health addresses of Sentry's web page, Relay, Snuba and ClickHouse. Returns the port.
async fn serve_sentry_components() -> u16 {
    let router = Router::new()
        .route("/_health/", get(|| async { "ok" }))
        .route("/api/0/", get(|| async { r#"{"version": "0", "auth": null, "user": null}"# }))
        .route("/api/relay/healthcheck/ready/", get(|| async { r#"{"is_healthy":true}"# }))
        .route("/health", get(|| async { r#"{"status": "ok"}"# }))
        .route("/ping", get(|| async { "Ok.\n" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

async fn checks(engine: &EngineProcess) -> Vec<HealthCheck> {
    let range = TimeRange::new(Timestamp(0), Timestamp(1));
    let all: Vec<CheckOverview> = engine.call("checks", json!({"range": range, "buckets": 1})).await.unwrap();
    all.into_iter().map(|one| one.check).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_step_adds_checks_that_can_be_edited_and_removed_together() {
    let (redis, postgres) = (Redis::start("hunter22").unwrap(), Postgres::start("hunter23").unwrap());
    let web = serve_sentry_components().await;
    let engine = EngineProcess::start().await.unwrap();
    let request = json!({
        "name": "Own Sentry", "url": format!("http://127.0.0.1:{web}"), "host": "127.0.0.1", "statsd": "172.17.0.1:8125"
    });

    let preview: SentryPreset = engine.call("sentry_preset", request.clone()).await.unwrap();
    assert_eq!(preview.checks.len(), 8);
    assert!(preview.checks.iter().all(|planned| !planned.present));
    assert!(preview.snippets.iter().any(|snippet| snippet.text.contains("172.17.0.1:8125")));
    assert!(checks(&engine).await.is_empty(), "a preview changes nothing");

    let add = json!({"request": request, "checks": null});
    let added: SentryPreset = engine.call("sentry_preset_add", add.clone()).await.unwrap();
    assert!(added.checks.iter().all(|planned| planned.present));
    assert_eq!(checks(&engine).await.len(), 8);

    // Ports and passwords of this installation.
    for planned in added.checks {
        let mut check = planned.check;
        let mut secret = Value::Null;
        let mut kind = serde_json::to_value(&check.kind).unwrap();
        match check.kind.name() {
            "redis" => (kind["port"], secret) = (redis.port().into(), "hunter22".into()),
            "postgres" => (kind["port"], secret) = (postgres.port().into(), "hunter23".into()),
            "tcp" => kind["port"] = redis.port().into(),
            _ => {
                let mut url = kind["url"].as_str().unwrap().to_owned();
                for inner in ["3000", "1218", "8123"] {
                    url = url.replace(&format!(":{inner}/"), &format!(":{web}/"));
                }
                kind["url"] = url.into();
            }
        }
        check.kind = CheckKind::from_value(kind).unwrap();
        let saved: HealthCheck =
            engine.call("save_check", json!({"check": check, "secret": secret})).await.unwrap();
        let result: CheckResult = engine.call("run_check", json!({"id": saved.id})).await.unwrap();
        assert_eq!(result.state, HealthState::Healthy, "{}: {}", saved.name, result.message);
    }

    let mut custom = checks(&engine).await[0].clone();
    (custom.id, custom.name) = (String::new(), "a custom check".to_owned());
    let _: HealthCheck = engine.call("save_check", json!({"check": custom, "secret": null})).await.unwrap();
    let before = checks(&engine).await;
    let again: SentryPreset = engine.call("sentry_preset_add", add).await.unwrap();
    assert!(again.checks.iter().all(|planned| planned.present));
    assert_eq!(checks(&engine).await, before, "adding twice adds nothing and undoes no edit");

    let removed: u32 = engine.call("sentry_preset_remove", json!({"name": "Own Sentry"})).await.unwrap();
    assert_eq!(removed, 8);
    let left: Vec<String> = checks(&engine).await.into_iter().map(|check| check.name).collect();
    assert_eq!(left, ["a custom check"]);
}
