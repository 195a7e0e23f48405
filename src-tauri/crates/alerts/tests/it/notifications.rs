//! Notifications of firing and resolved alerts, over restarts, failures and silences.

use std::sync::atomic::Ordering;

use alerts::{AlertRule, LogsSource};
use model::{DeliveryOutcome, HealthState, NANOS_PER_SECOND, NotificationKind, Silence, TimeRange};

use crate::fixtures::{Fixture, START, latency_rule, write_gauge};

#[tokio::test]
async fn an_alert_fires_is_notified_once_survives_a_restart_and_resolves() {
    let mut fixture = Fixture::start().await;
    fixture.write_gauge("cart", 1.24).await;
    fixture.write_gauge("pay", 0.1).await;
    fixture.write_log("cart", "connection refused").await;
    let rule = fixture.service.save_rule(latency_rule()).await.unwrap();
    fixture.until("the notification is stored", async || !fixture.notifications().await.is_empty()).await;
    assert_eq!(fixture.channel.titles(), ["Slow requests - cart"]);
    let sent = fixture.notifications().await.remove(0);
    assert_eq!((sent.kind, sent.outcome), (NotificationKind::Firing, DeliveryOutcome::Delivered));
    assert!(sent.body.starts_with("Last value 1.24 s, threshold 800 ms, since "), "{}", sent.body);
    assert_eq!(fixture.service.counts().firing, 1);
    let alert = fixture.firing().await.remove(0);
    let evidence =
        async || fixture.store.history().evidence(&alert.fingerprint, alert.fired_at).await.unwrap();
    fixture.until("the evidence is stored", async || evidence().await.is_some()).await;
    let evidence = evidence().await.unwrap();
    assert_eq!(evidence.series[0].values, [1.24]);
    assert_eq!(evidence.logs[0].body, "connection refused");

    fixture.restart();
    assert_eq!(fixture.firing().await[0].fired_at, alert.fired_at);
    fixture.service.acknowledge(&alert.fingerprint, true).await.unwrap();
    assert_eq!(fixture.service.counts().acknowledged, 1);
    fixture.service.acknowledge(&alert.fingerprint, false).await.unwrap();
    assert_eq!((fixture.service.counts().acknowledged, fixture.service.counts().firing), (0, 1));
    assert_eq!(fixture.store.history().alerts().await.unwrap()[0].acknowledged_at, None);
    fixture.service.acknowledge(&alert.fingerprint, true).await.unwrap();
    write_gauge(&fixture.store, "cart", 0.3, START).await;
    fixture.advance(3);
    // The firing is not notified again.
    fixture.until_titles(&["Resolved: Slow requests - cart"]).await;
    fixture.until("both are stored", async || fixture.notifications().await.len() == 2).await;
    let body = fixture.notifications().await.remove(0).body;
    assert_eq!(body, "Last value 300 ms, back below 800 ms after 3 s");
    assert_eq!(fixture.service.rules().await.unwrap()[0].health, HealthState::Healthy);
    assert_eq!(fixture.store.history().transitions(fixture.last_hour(), 10).await.unwrap().len(), 2);
    fixture.service.delete_rule(&rule.id).await.unwrap();
    assert!(fixture.service.rules().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_preview_of_a_notification_has_the_texts_of_the_sent_one() {
    for services in [&["cart"][..], &["cart", "pay"], &["cart", "pay", "mail", "shop", "user"]] {
        let fixture = Fixture::start().await;
        for service in services {
            fixture.write_gauge(service, 1.24).await;
        }
        let rule = fixture.service.save_rule(latency_rule()).await.unwrap();
        fixture.until("the notification is sent", async || !fixture.channel.titles().is_empty()).await;
        let range = TimeRange::last(600, fixture.now());
        let preview = fixture.service.backtest(&rule, range).await.unwrap().preview.unwrap();
        let sent = fixture.channel.sent.lock().unwrap().remove(0);
        assert_eq!((preview.title, preview.body), (sent.title, sent.body));
    }
}

#[tokio::test]
async fn the_preview_of_a_rule_that_never_fired_shows_the_value_nearest_to_the_threshold() {
    let fixture = Fixture::start().await;
    fixture.write_gauge("cart", 0.1).await;
    fixture.write_gauge("pay", 0.7).await;
    let backtest =
        fixture.service.backtest(&latency_rule(), TimeRange::last(600, fixture.now())).await.unwrap();
    assert_eq!(backtest.notifications, 0);
    let preview = backtest.preview.unwrap();
    assert_eq!(preview.title, "Slow requests - pay");
    assert!(preview.body.starts_with("Last value 700 ms, threshold 800 ms, since "), "{}", preview.body);
}

#[tokio::test]
async fn a_firing_that_was_stored_but_not_notified_is_notified_after_a_crash() {
    let fixture = Fixture::start_after(async |store| {
        let rule = AlertRule { id: "r".into(), ..latency_rule() };
        store.history().put_rule(&rule.id, &rule).await.unwrap();
        write_gauge(store, "cart", 1.24, START.offset(-NANOS_PER_SECOND)).await;
        let labels = [("service".to_owned(), "cart".to_owned())].into();
        let (alerts, transitions) =
            alerts::evaluate(&rule, &alerts::Observation::complete(vec![(labels, 1.24)], "s"), &[], START);
        store.history().record_alerts(alerts, transitions).await.unwrap();
    })
    .await;
    fixture.until_titles(&["Slow requests - cart"]).await;
}

#[tokio::test]
async fn failed_and_silenced_notifications_are_stored_and_sent_later() {
    let fixture = Fixture::start().await;
    fixture.channel.failures.store(1, Ordering::Relaxed);
    fixture.write_gauge("cart", 2.0).await;
    fixture.service.save_rule(latency_rule()).await.unwrap();
    let failed = DeliveryOutcome::Failed("service unavailable".into());
    fixture
        .until("the failure is stored", async || {
            fixture.notifications().await.iter().any(|sent| sent.outcome == failed)
        })
        .await;
    fixture.advance(5);
    fixture.until_titles(&["Slow requests - cart"]).await;
    fixture
        .until("the retry is stored", async || {
            fixture.notifications().await[0].outcome == DeliveryOutcome::Delivered
        })
        .await;

    let silence = Silence {
        id: String::new(),
        rule_id: None,
        labels: [("service".to_owned(), "pay".to_owned())].into(),
        range: TimeRange::new(fixture.now(), fixture.now().offset(600 * NANOS_PER_SECOND)),
        reason: "maintenance".into(),
        until_resolved: false,
    };
    let silence = fixture.service.save_silence(silence).await.unwrap();
    fixture.write_gauge("pay", 2.0).await;
    fixture.advance(1);
    fixture
        .until("the silenced notification is stored", async || {
            fixture.notifications().await.iter().any(|sent| sent.outcome == DeliveryOutcome::Silenced)
        })
        .await;
    assert_eq!(fixture.channel.titles().len(), 1);
    fixture.service.delete_silence(&silence.id).await.unwrap();
    fixture.advance(1);
    fixture.until_titles(&["Slow requests - cart", "Slow requests - pay"]).await;
}

#[tokio::test]
async fn a_silence_until_resolved_ends_with_its_alert_and_its_rule() {
    let fixture = Fixture::start().await;
    fixture.write_gauge("cart", 2.0).await;
    fixture.write_gauge("pay", 2.0).await;
    let rule = fixture.service.save_rule(latency_rule()).await.unwrap();
    fixture.until("both fire", async || fixture.firing().await.len() == 2).await;
    let silence = |service: &str| Silence {
        id: String::new(),
        rule_id: Some(rule.id.clone()),
        labels: [("service".to_owned(), service.to_owned())].into(),
        range: TimeRange::new(fixture.now(), fixture.now().offset(86_400 * NANOS_PER_SECOND)),
        reason: String::new(),
        until_resolved: true,
    };
    let cart = fixture.service.save_silence(silence("cart")).await.unwrap();
    let pay = fixture.service.save_silence(silence("pay")).await.unwrap();
    fixture.write_gauge("cart", 0.1).await;
    fixture.advance(3);
    fixture
        .until("the silence of cart has ended", async || {
            fixture.service.silences().await.unwrap() == [pay.clone()]
        })
        .await;
    let resolved = fixture.notifications().await;
    let resolved: Vec<_> = resolved.iter().filter(|one| one.kind == NotificationKind::Resolved).collect();
    assert!(resolved.iter().all(|one| one.outcome == DeliveryOutcome::Silenced), "{resolved:?}");
    assert!(!fixture.service.delete_silence(&cart.id).await.unwrap());
    fixture.service.delete_rule(&rule.id).await.unwrap();
    assert_eq!(fixture.service.silences().await.unwrap(), []);
}

#[tokio::test]
async fn a_log_rule_counts_by_service_and_resolves_when_no_record_matches() {
    let fixture = Fixture::start().await;
    for _ in 0..3 {
        fixture.write_log("cart", "payment refused").await;
    }
    fixture.write_log("pay", "payment refused").await;
    let source = LogsSource { query: "level>=error refused".into(), by_service: true, window_seconds: 5 };
    let rule = AlertRule { source: source.into(), threshold: 2.0, ..latency_rule() };
    fixture.service.save_rule(rule).await.unwrap();
    fixture.until_titles(&["Slow requests - cart"]).await;
    fixture.advance(10);
    fixture.until_titles(&["Slow requests - cart", "Resolved: Slow requests - cart"]).await;
    let bodies: Vec<String> =
        fixture.channel.sent.lock().unwrap().iter().map(|sent| sent.body.clone()).collect();
    assert!(bodies[0].starts_with("3 log records match, threshold 2, since "), "{bodies:?}");
    assert_eq!(bodies[1], "0 log records match, back below 2 after 10 s");
}

#[tokio::test]
async fn an_infinite_value_is_that_of_the_alert_its_history_evidence_and_notification() {
    let fixture = Fixture::start().await;
    fixture.write_gauge("cart", f64::INFINITY).await;
    fixture.service.save_rule(latency_rule()).await.unwrap();
    fixture.until_titles(&["Slow requests - cart"]).await;
    let body = fixture.channel.sent.lock().unwrap()[0].body.clone();
    assert!(body.starts_with("Last value +Inf, threshold 800 ms, since "), "{body}");
    let stored = fixture.store.history().alerts().await.unwrap().remove(0);
    assert_eq!(stored.value, Some(f64::INFINITY));
    let transitions = fixture.store.history().transitions(fixture.last_hour(), 10).await.unwrap();
    assert_eq!(transitions[0].value, Some(f64::INFINITY));
    let evidence = async || fixture.store.history().evidence(&stored.fingerprint, None).await.unwrap();
    fixture.until("the evidence is stored", async || evidence().await.is_some()).await;
    assert_eq!(evidence().await.unwrap().series[0].values, [f64::INFINITY]);
}
