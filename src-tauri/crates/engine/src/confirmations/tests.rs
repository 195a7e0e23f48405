//! Tests of confirmations with a manual clock and recorded notifications.

use runtime::ManualClock;
use tokio::task::JoinHandle;

use super::*;

struct Fixture {
    time: ManualClock,
    confirmations: Confirmations,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Fixture {
    fn new() -> Self {
        let time = ManualClock::new(Timestamp(1_700_000_000_000_000_000));
        let notices = Arc::new(Mutex::new(Vec::new()));
        let record = notices.clone();
        let confirmations =
            Confirmations::with_notify(time.clock(), move |notice| record.lock().push(notice));
        Self { time, confirmations, notices }
    }

    /// Requests a confirmation and waits until it is pending.
    async fn request(&self, effect: &str) -> JoinHandle<Result<(), ConfirmationError>> {
        let (confirmations, effects) = (self.confirmations.clone(), vec![effect.to_owned()]);
        let mut pending = self.confirmations.watch();
        let before = pending.borrow_and_update().len();
        let task = tokio::spawn(async move { confirmations.request(&effects, "browser 1a").await });
        pending.wait_for(|list| list.len() > before).await.unwrap();
        task
    }

    fn id(&self) -> String {
        self.confirmations.pending().last().unwrap().id.clone()
    }
}

#[tokio::test]
async fn a_request_waits_until_a_person_answers() {
    let fixture = Fixture::new();
    let allowed = fixture.request("Run the program `df`").await;
    let pending = fixture.confirmations.pending();
    assert_eq!(pending[0].id.len(), 6);
    assert_eq!(pending[0].expires_at, fixture.time.clock().now().offset(120_000_000_000));
    assert!(fixture.confirmations.confirm(&pending[0].id));
    assert_eq!(allowed.await.unwrap(), Ok(()));
    assert!(!fixture.confirmations.confirm(&pending[0].id), "an id works once");

    let refused = fixture.request("Run the program `df`").await;
    assert!(fixture.confirmations.refuse(&fixture.id()));
    assert_eq!(refused.await.unwrap(), Err(ConfirmationError::Refused));
    assert!(fixture.confirmations.pending().is_empty());
}

#[tokio::test]
async fn a_request_expires() {
    let fixture = Fixture::new();
    let request = fixture.request("Read the file /etc/passwd").await;
    let id = fixture.id();
    fixture.time.wait_for_sleepers(1).await;
    fixture.time.advance(LIFETIME);
    assert!(!fixture.confirmations.confirm(&id));
    assert_eq!(request.await.unwrap(), Err(ConfirmationError::Expired));
    assert!(fixture.confirmations.pending().is_empty());
}

#[tokio::test]
async fn a_dropped_request_is_withdrawn_and_counts_against_floods() {
    let fixture = Fixture::new();
    for _ in 0..MAX_REQUESTS {
        let request = fixture.request("Read the file /etc/passwd").await;
        let id = fixture.id();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        assert!(fixture.confirmations.pending().is_empty());
        assert!(!fixture.confirmations.confirm(&id));
    }
    let effects = ["Read the file /etc/passwd".to_owned()];
    let flooding = fixture.confirmations.request(&effects, "browser 1a").await;
    assert_eq!(flooding, Err(ConfirmationError::TooMany));
    assert_eq!(fixture.notices.lock().len(), MAX_REQUESTS);

    fixture.time.advance(LIFETIME);
    let later = fixture.request("Read the file /etc/passwd").await;
    assert!(fixture.confirmations.confirm(&fixture.id()));
    assert_eq!(later.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_button_answers_the_request_of_its_notification_only() {
    let fixture = Fixture::new();
    let request = fixture.request("Run the program `df`").await;
    let notice = fixture.notices.lock()[0].clone();
    let expected = format!(
        "Run the program `df`\nRequested by browser 1a.\nAllow it here, or run binnacle-cli confirm {}",
        fixture.id()
    );
    assert_eq!((notice.body, notice.buttons), (expected, true));
    let choose = |notification_id: String, action| {
        fixture.confirmations.choose(&ChosenAction { notification_id, fingerprint: None, action });
    };
    choose(format!("confirmation-{}-1", fixture.id()), NotificationAction::Allow);
    choose(notice.id.clone(), NotificationAction::Open);
    assert_eq!(fixture.confirmations.pending().len(), 1, "neither button is one of this request");
    choose(notice.id, NotificationAction::Allow);
    assert_eq!(request.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn hidden_characters_are_shown_and_long_effects_have_no_buttons() {
    let fixture = Fixture::new();
    let _short = fixture.request("Run \u{1b}[8m`rm`\u{202e}").await;
    assert_eq!(fixture.confirmations.pending()[0].effects, ["Run ␛[8m`rm`<U+202E>"]);
    let long = format!("Run the program `{}`", "a".repeat(MAX_NOTIFIED_LENGTH));
    let _long = fixture.request(&long).await;
    assert_eq!(fixture.confirmations.pending()[1].effects, [long], "the window shows all of it");
    assert!(!fixture.notices.lock()[1].buttons);
    let endless = ["a".repeat(MAX_EFFECTS_LENGTH + 1)];
    let rejected = fixture.confirmations.request(&endless, "browser 1a").await;
    assert_eq!(rejected, Err(ConfirmationError::TooLong));
}
