//! Actions chosen on notifications.

use alerts::{ChosenAction, NotificationAction};

use crate::fixtures::{Fixture, latency_rule};

#[tokio::test]
async fn actions_chosen_on_a_notification_are_executed() {
    let fixture = Fixture::start().await;
    let mut opened = fixture.service.subscribe_opened();
    fixture.write_gauge("cart", 2.0).await;
    fixture.service.save_rule(latency_rule()).await.unwrap();
    fixture.until("the notification is stored", async || !fixture.notifications().await.is_empty()).await;
    let sent = fixture.notifications().await.remove(0);
    let choose = |action| {
        let chosen =
            ChosenAction { notification_id: sent.id.clone(), fingerprint: sent.fingerprint.clone(), action };
        fixture.channel.chosen.send(chosen).unwrap();
    };
    choose(NotificationAction::Acknowledge);
    let is_acknowledged = async || fixture.firing().await[0].acknowledged_at.is_some();
    fixture.until("the alert is acknowledged", is_acknowledged).await;
    choose(NotificationAction::SilenceHour);
    let is_silenced = async || fixture.service.silences().await.unwrap().len() == 1;
    fixture.until("the alert is silenced", is_silenced).await;
    choose(NotificationAction::Open);
    assert_eq!(Some(opened.recv().await.unwrap().fingerprint), sent.fingerprint);
    let is_stored = async || fixture.notifications().await[0].action.as_deref() == Some("open");
    fixture.until("the action is stored", is_stored).await;
}
