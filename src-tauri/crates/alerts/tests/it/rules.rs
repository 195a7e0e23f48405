//! The validation of rules that are saved.

use alerts::{AlertRule, CheckSource, LogsSource};

use crate::fixtures::{Fixture, latency_rule};

#[tokio::test]
async fn invalid_rules_are_rejected_with_the_reason() {
    let fixture = Fixture::start().await;
    fixture.service.save_rule(latency_rule()).await.unwrap();
    let logs = LogsSource { query: "(a".into(), by_service: false, window_seconds: 60 };
    let missing = CheckSource { check_id: Some("missing".into()) };
    let named = || AlertRule { name: "a".into(), ..latency_rule() };
    for (rule, reason) in [
        (AlertRule { name: " ".into(), ..latency_rule() }, "needs a name"),
        (AlertRule { name: "SLOW requests".into(), ..latency_rule() }, "already exists"),
        (AlertRule { threshold: f64::NAN, ..latency_rule() }, "finite"),
        (AlertRule { resolve_threshold: Some(2.0), ..latency_rule() }, "resolve at once"),
        (AlertRule { interval_seconds: 0, ..named() }, "interval"),
        (AlertRule { interval_seconds: 120, ..named() }, "shorter than the interval"),
        (AlertRule { source: logs.into(), ..named() }, "character 3"),
        (AlertRule { source: missing.into(), ..named() }, "health check"),
    ] {
        let rejected = fixture.service.save_rule(rule).await.unwrap_err().to_string();
        assert!(rejected.contains(reason), "{rejected}");
    }
}
