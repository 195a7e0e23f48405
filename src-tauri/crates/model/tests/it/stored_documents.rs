//! Documents that version 5ccbe03 stored or exported still parse, and new ones use today's names.

use model::{AlertRule, Finding, FindingKind, HealthCheck, NoDataPolicy, RuleSource};
use serde_json::{Value, json};

/// Rules as `rules export` of 5ccbe03 wrote them, one per source.
const RULES: &str = r#"[
  {
    "id": "rule-6614ab8670e8f9d0", "name": "any check", "enabled": true, "severity": "warning",
    "watch": { "type": "check", "check_id": null },
    "comparator": "at_least", "threshold": 1.0, "resolve_threshold": null,
    "hold_seconds": 3600, "interval_seconds": 1, "missing_data": "keep_state", "notify": true
  },
  {
    "id": "rule-ccc53bd8a3afbc98", "name": "cpu there", "enabled": true, "severity": "critical",
    "watch": {
      "type": "metric", "metric": "system.cpu.utilization",
      "matchers": [{ "key": "host", "operator": "equal", "value": "vm" }],
      "aggregation": "average", "group_by": ["host"], "window_seconds": 30
    },
    "comparator": "above", "threshold": 0.9, "resolve_threshold": 0.8,
    "hold_seconds": 2, "interval_seconds": 1, "missing_data": "fire", "notify": false
  },
  {
    "id": "rule-b9d149d3084c5670", "name": "errors in logs", "enabled": false, "severity": "info",
    "watch": { "type": "logs", "query": "severity>=error", "by_service": true, "window_seconds": 600 },
    "comparator": "at_least", "threshold": 1.0, "resolve_threshold": null,
    "hold_seconds": 0, "interval_seconds": 5, "missing_data": "resolve", "notify": true
  }
]"#;

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
fn rules_of_5ccbe03_keep_their_meaning() {
    let rules: Vec<AlertRule> = serde_json::from_str(RULES).unwrap();
    let sources: Vec<&RuleSource> = rules.iter().map(|rule| &rule.source).collect();
    assert_eq!(*sources[0], RuleSource::Check { check_id: None });
    assert!(
        matches!(sources[1], RuleSource::Metric { metric, window_seconds: 30, .. } if metric.contains("cpu"))
    );
    assert!(matches!(sources[2], RuleSource::Logs { by_service: true, window_seconds: 600, .. }));
    assert_eq!(rules.iter().map(|rule| rule.for_seconds).collect::<Vec<_>>(), [3600, 2, 0]);
    assert_eq!(
        rules.iter().map(|rule| rule.no_data).collect::<Vec<_>>(),
        [NoDataPolicy::KeepState, NoDataPolicy::Fire, NoDataPolicy::Resolve]
    );
}

#[test]
fn rules_are_written_with_the_names_of_today() {
    let old: Value = serde_json::from_str(RULES).unwrap();
    let rules: Vec<AlertRule> = serde_json::from_value(old.clone()).unwrap();
    for (old, rule) in old.as_array().unwrap().iter().zip(&rules) {
        let mut renamed = old.clone();
        let fields = renamed.as_object_mut().unwrap();
        for (before, after) in
            [("watch", "source"), ("hold_seconds", "for_seconds"), ("missing_data", "no_data")]
        {
            let value = fields.remove(before).unwrap();
            fields.insert(after.to_owned(), value);
        }
        assert_eq!(serde_json::to_value(rule).unwrap(), renamed);
    }
}

#[test]
fn a_rule_with_both_names_of_a_field_is_rejected() {
    let mut rule = serde_json::from_str::<Value>(RULES).unwrap()[0].clone();
    rule["source"] = json!({ "type": "check", "check_id": null });
    let error = serde_json::from_value::<AlertRule>(rule).unwrap_err().to_string();
    assert!(error.contains("duplicate field `source`"), "{error}");
}

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
