//! The reads of a rule evaluation.

use alerts::{AlertRule, CheckSource, LogsSource, RuleSource};
use model::{Aggregation, AlertState, Comparator, HealthState, NANOS_PER_SECOND, Timestamp};

use crate::fixtures::{Fixture, START, latency_rule, latency_source, put_check, record_check_result};

impl Fixture {
    /// Waits until the rule was evaluated at a time. It has pending alerts.
    async fn until_evaluated(&self, time: Timestamp) {
        let is_evaluated = async || {
            let alerts = self.service.alerts().await.unwrap();
            let at_time =
                |alert: &model::Alert| (alert.state, alert.evaluated_at) == (AlertState::Pending, time);
            !alerts.is_empty() && alerts.iter().all(at_time)
        };
        self.until(&format!("evaluation at {time:?}"), is_evaluated).await;
    }
}

#[tokio::test]
async fn an_evaluation_takes_one_snapshot() {
    let logs = |by_service| LogsSource { query: "failed".into(), by_service, window_seconds: 60 };
    let sources: [RuleSource; 5] = [
        latency_source(Aggregation::P90).into(),
        CheckSource { check_id: None }.into(),
        CheckSource { check_id: Some("shop".into()) }.into(),
        logs(false).into(),
        logs(true).into(),
    ];
    for source in sources {
        let fixture = Fixture::start().await;
        for service in ["cart", "pay"] {
            fixture.write_gauge(service, 3.0).await;
            fixture.write_log(service, "payment failed").await;
        }
        put_check(&fixture.store).await;
        let time = START.offset(-NANOS_PER_SECOND);
        record_check_result(&fixture.store, HealthState::Unhealthy, time).await;
        // A pending alert neither captures evidence nor notifies. Both read on their own.
        let rule = AlertRule {
            source: source.clone(),
            comparator: Comparator::AtLeast,
            threshold: 1.0,
            for_seconds: 3600,
            ..latency_rule()
        };
        fixture.service.save_rule(rule).await.unwrap();
        fixture.until_evaluated(START).await;

        let before = fixture.store.admin().snapshots_taken();
        for _ in 0..3 {
            fixture.advance(1);
            fixture.until_evaluated(fixture.now()).await;
        }
        assert_eq!(fixture.store.admin().snapshots_taken(), before + 3, "{source:?}");
    }
}
