//! Documents that version 5ccbe03 stored or exported still parse, and new ones use today's names.

use model::{Finding, FindingKind, HealthCheck, Trend};
use serde_json::{Value, json};

/// A check as the table `checks` of 5ccbe03 holds it, from before certificates were checked.
const CHECK: &str = r#"{
  "id": "2a3d4c86f6fd3bdae06345e77e82bcae", "name": "console", "enabled": true,
  "kind": {
    "type": "http", "url": "http://127.0.0.1:39693/", "method": "GET",
    "expected_status": [200], "body_contains": null
  },
  "interval_seconds": 2, "timeout_seconds": 1, "retries": 1, "retry_interval_seconds": 1,
  "degraded_above_ms": 500, "service": "orders"
}"#;

/// A finding as the table `findings` of 5ccbe03 holds it.
const FINDING: &str = r#"{
  "id": "f1", "kind": "anomaly", "title": "gateway was slow", "detail": "p95 2.39 s",
  "service": "gateway", "metric": "duration", "labels": { "service": "gateway" },
  "range": { "start": 1, "end": 2 }, "noticed_at": 3, "score": 12.5
}"#;

#[test]
fn checks_of_5ccbe03_keep_their_meaning() {
    let check: HealthCheck = serde_json::from_str(CHECK).unwrap();
    assert_eq!((check.retries, check.degraded_above_ms), (1, Some(500)));
    assert_eq!(check.kind.name(), "http");
    assert_eq!(check.kind.settings()["expected_status"], json!([200]));
    assert_eq!(serde_json::to_value(&check).unwrap(), serde_json::from_str::<Value>(CHECK).unwrap());
}

#[test]
fn findings_of_5ccbe03_keep_their_meaning() {
    let finding: Finding = serde_json::from_str(FINDING).unwrap();
    assert_eq!((finding.kind, finding.detected_at.0), (FindingKind::Anomaly, 3));
    let written = serde_json::to_value(&finding).unwrap();
    assert_eq!((&written["detected_at"], written.get("noticed_at")), (&json!(3), None));
}

#[test]
fn trends_of_5ccbe03_keep_their_meaning() {
    let trend: Trend = serde_json::from_value(json!({
        "slope_per_hour": 2.0, "slope_low": 1.0, "slope_high": 3.0, "confidence": 0.95,
        "p_value": 0.01, "start_value": 1.0, "end_value": 5.0, "points": 30, "significant": true,
        "sentence": "rises by 2 per hour"
    }))
    .unwrap();
    assert_eq!(trend.summary, "rises by 2 per hour");
    let written = serde_json::to_value(&trend).unwrap();
    assert_eq!((&written["summary"], written.get("sentence")), (&json!("rises by 2 per hour"), None));
}
