//! Rules and notifications stored by version 5ccbe03 are read with unchanged meaning.

use alerts::{AlertRule, CheckSource, LogsSource, MetricSource, NoDataPolicy, RuleSource};
use model::{Aggregation, AlertSeverity, Comparator, Notification, TagMatcher};
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

fn stored(watch: &Value) -> String {
    json!({
        "id": "rule-1", "name": "Slow", "enabled": true, "severity": "critical", "watch": watch,
        "comparator": "above", "threshold": 0.8, "resolve_threshold": 0.5, "hold_seconds": 120,
        "interval_seconds": 15, "missing_data": "fire", "notify": true,
    })
    .to_string()
}

fn expected(source: RuleSource) -> AlertRule {
    AlertRule {
        id: "rule-1".into(),
        name: "Slow".into(),
        enabled: true,
        severity: AlertSeverity::Critical,
        source,
        comparator: Comparator::Above,
        threshold: 0.8,
        resolve_threshold: Some(0.5),
        for_seconds: 120,
        interval_seconds: 15,
        no_data: NoDataPolicy::Fire,
        notify: true,
    }
}

#[test]
fn rules_of_every_source_are_read_and_written_in_the_new_form() {
    let metric = MetricSource {
        metric: "latency".into(),
        matchers: vec![TagMatcher::equal("service", "cart")],
        aggregation: Aggregation::P95,
        group_by: vec!["route".into()],
        window_seconds: 300,
    };
    let matcher = json!({"key": "service", "operator": "equal", "value": "cart"});
    let logs = LogsSource { query: "refused".into(), by_service: true, window_seconds: 60 };
    for (watch, source) in [
        (
            json!({
                "type": "metric", "metric": "latency", "matchers": [matcher], "aggregation": "p95",
                "group_by": ["route"], "window_seconds": 300,
            }),
            RuleSource::from(metric),
        ),
        (json!({"type": "check", "check_id": null}), CheckSource { check_id: None }.into()),
        (json!({"type": "check", "check_id": "a"}), CheckSource { check_id: Some("a".into()) }.into()),
        (json!({"type": "logs", "query": "refused", "by_service": true, "window_seconds": 60}), logs.into()),
    ] {
        let rule: AlertRule = serde_json::from_str(&stored(&watch)).unwrap();
        assert_eq!(rule, expected(source));
        let written = serde_json::to_value(&rule).unwrap();
        assert_eq!(written["source"], watch);
        assert_eq!(serde_json::from_value::<AlertRule>(written).unwrap(), rule);
    }
}

#[test]
fn unknown_settings_of_a_source_are_rejected() {
    let watch = json!({"type": "check", "check_id": null, "interval": 3});
    assert!(serde_json::from_str::<AlertRule>(&stored(&watch)).is_err());
}

#[test]
fn a_notification_without_a_channel_is_read() {
    let stored = json!({
        "id": "a-1-firing", "time": 1, "kind": "firing", "fingerprint": "a", "rule_id": "rule-1",
        "title": "Slow", "body": "1.24 s is above 800 ms", "channel": "record only",
        "outcome": {"type": "delivered"}, "action": null,
    });
    let notification: Notification = serde_json::from_value(stored).unwrap();
    assert_eq!(notification.channel, "none");
    assert_eq!(notification.body, "1.24 s is above 800 ms");
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
