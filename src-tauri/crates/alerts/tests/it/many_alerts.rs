//! Rules whose alerts fire for many label sets at once.

use std::time::Duration;

use alerts::{AlertRule, MetricSource};
use model::{Aggregation, Attributes, NANOS_PER_SECOND, Resource, Series, TelemetryBatch};

use crate::fixtures::{Fixture, latency_rule, latency_source};

const SERVICES: usize = 300;
const RULES: usize = 5;
/// Alerts of one evaluation with evidence.
const WITH_EVIDENCE: usize = 10;

/// Writes the latency of every service one second before the current time.
async fn write_all(fixture: &Fixture, value: f64) {
    let mut batch = TelemetryBatch::default();
    let time = fixture.now().offset(-NANOS_PER_SECOND);
    for number in 0..SERVICES {
        let resource = Resource::service_named(&format!("service-{number:03}"));
        batch.add_sample(Series::gauge("latency", "s", resource.into(), Attributes::new()), time, value);
    }
    fixture.store.write(batch).await.unwrap();
}

fn rule(number: usize) -> AlertRule {
    AlertRule { name: format!("rule {number}"), ..latency_rule() }
}

#[tokio::test]
async fn all_fire_are_stored_and_notified_once_and_few_have_evidence() {
    let fixture = Fixture::start().await;
    write_all(&fixture, 2.0).await;
    for number in 0..RULES {
        fixture.service.save_rule(rule(number)).await.unwrap();
    }
    let all = SERVICES * RULES;
    fixture.until("all fire", async || fixture.service.counts().firing as usize == all).await;
    let stored = async || fixture.store.history().alerts().await.unwrap();
    assert_eq!(stored().await.len(), all);
    let sent = async || {
        let last = fixture.last_hour();
        fixture.store.history().notifications(last, u32::MAX).await.unwrap().len()
    };
    fixture.until("all are notified", async || sent().await == all).await;
    assert_eq!(fixture.channel.titles().len(), all);
    let with_evidence = async || {
        let mut count = 0;
        for alert in stored().await {
            let found = fixture.store.history().evidence(&alert.fingerprint, None).await.unwrap();
            count += usize::from(found.is_some());
        }
        count
    };
    fixture.until("the evidence is stored", async || with_evidence().await == WITH_EVIDENCE * RULES).await;

    let before = fixture.service.evaluation_statistics().evaluations;
    let commits = fixture.store.admin().statistics().await.unwrap().commits;
    for _ in 0..3 {
        fixture.advance(1);
        let time = fixture.now();
        fixture
            .until("every rule is evaluated", async || {
                let rules = fixture.service.rules().await.unwrap();
                rules.iter().all(|rule| rule.evaluated_at == Some(time))
            })
            .await;
    }
    let statistics = fixture.service.evaluation_statistics();
    assert_eq!((statistics.evaluations - before, statistics.failures), (3 * RULES as u64, 0));
    // Alerts that do not change are not stored again.
    assert_eq!(fixture.store.admin().statistics().await.unwrap().commits, commits);
    assert_eq!(sent().await, all);
}

#[tokio::test]
async fn rules_of_one_tick_share_a_snapshot() {
    let fixture = Fixture::start().await;
    write_all(&fixture, 0.1).await;
    for number in 0..RULES {
        fixture.service.save_rule(rule(number)).await.unwrap();
    }
    // Its window is too long to share the read.
    let long = MetricSource { window_seconds: 3600, ..latency_source(Aggregation::Last) };
    let long = AlertRule { name: "long".to_owned(), source: long.into(), ..latency_rule() };
    fixture.service.save_rule(long).await.unwrap();
    let evaluations = || fixture.service.evaluation_statistics().evaluations;
    let until = async |count: u64| fixture.until("evaluations", async || evaluations() >= count).await;
    until(RULES as u64 + 1).await;
    let (before, count) = (fixture.store.admin().snapshots_taken(), evaluations());
    fixture.clock.advance(Duration::from_secs(1));
    until(count + RULES as u64 + 1).await;
    assert_eq!(fixture.store.admin().snapshots_taken(), before + 2);
    assert_eq!(fixture.service.counts().firing, 0);
}
