//! Rules whose alerts fire for many label sets at once.

use std::time::Duration;

use alerts::{AlertRule, ChosenAction, MetricSource, NotificationAction};
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
    fixture.until("every rule is notified", async || sent().await == RULES).await;
    let mut titles = fixture.channel.titles();
    titles.sort();
    let expected: Vec<String> = (0..RULES).map(|rule| format!("rule {rule} - {SERVICES} alerts")).collect();
    assert_eq!(titles, expected);
    let body = fixture.notifications().await.remove(0).body;
    let lines: Vec<&str> = body.lines().collect();
    assert!(lines[0].starts_with("service-000: Last value 2 s, threshold 800 ms, since "), "{body}");
    assert!(lines[2].starts_with("service-002: "), "{body}");
    assert_eq!((lines.len(), lines[3]), (4, "and 297 more"));
    let transitions = fixture.store.history().transitions(fixture.last_hour(), u32::MAX).await.unwrap();
    assert_eq!(transitions.len(), all);
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
    assert_eq!(sent().await, RULES);
}

#[tokio::test]
async fn those_that_fire_or_resolve_together_are_one_notification_also_over_a_restart() {
    let mut fixture = Fixture::start().await;
    write_all(&fixture, 2.0).await;
    fixture.service.save_rule(rule(0)).await.unwrap();
    fixture.until_titles(&["rule 0 - 300 alerts"]).await;
    fixture.until("the notification is stored", async || fixture.notifications().await.len() == 1).await;
    let sent = fixture.notifications().await.remove(0);
    assert_eq!((sent.fingerprint.as_ref(), sent.grouped.len()), (None, SERVICES));

    let choose = |action| {
        let chosen = ChosenAction { notification_id: sent.id.clone(), fingerprint: None, action };
        fixture.channel.chosen.send(chosen).unwrap();
    };
    choose(NotificationAction::Acknowledge);
    let acknowledged =
        async || fixture.firing().await.iter().filter(|alert| alert.acknowledged_at.is_some()).count();
    fixture.until("all are acknowledged", async || acknowledged().await == SERVICES).await;

    fixture.restart();
    fixture.write_gauge("another", 3.0).await;
    fixture.advance(1);
    fixture.until_titles(&["rule 0 - another"]).await;
    write_all(&fixture, 0.1).await;
    fixture.advance(1);
    fixture.until_titles(&["rule 0 - another", "Resolved: rule 0 - 300 alerts"]).await;
    assert_eq!(fixture.service.counts().firing, 1);
}

#[tokio::test]
async fn a_silence_from_the_notification_of_many_covers_them_and_no_other_rule() {
    let fixture = Fixture::start().await;
    write_all(&fixture, 2.0).await;
    let saved = fixture.service.save_rule(rule(0)).await.unwrap();
    fixture.until("the notification is stored", async || fixture.notifications().await.len() == 1).await;
    let notification_id = fixture.notifications().await.remove(0).id;
    let action = NotificationAction::SilenceHour;
    fixture.channel.chosen.send(ChosenAction { notification_id, fingerprint: None, action }).unwrap();
    fixture.until("it is saved", async || fixture.service.silences().await.unwrap().len() == 1).await;
    let silence = fixture.service.silences().await.unwrap().remove(0);
    assert_eq!((silence.rule_id, silence.labels.is_empty()), (Some(saved.id), true));
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
