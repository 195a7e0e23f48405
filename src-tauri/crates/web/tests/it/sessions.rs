//! The sessions of pages.

use std::time::Duration;

use engine::Engine;
use model::Timestamp;
use runtime::{Clock, ManualClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_support::console_page::{ConsolePage, Credential};
use web::Console;

const ANY_PORT: Option<&str> = Some("127.0.0.1:0");
const START: Timestamp = Timestamp(1_700_000_000_000_000_000);

struct Running {
    folder: TempDir,
    engine: Engine,
    console: Console,
}

async fn start(clock: Clock) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let engine = crate::engine(&folder, clock).await;
    let console = Console::open(&engine, ANY_PORT).await.unwrap();
    Running { folder, engine, console }
}

impl Running {
    fn host(&self) -> String {
        self.console.address().trim_start_matches("http://").to_owned()
    }

    /// Connects like a page at the console's address.
    async fn page(&self) -> ConsolePage {
        ConsolePage::connect(&self.host(), &self.host()).await.unwrap()
    }

    /// Returns the outcome of a handshake.
    async fn prove(&self, credential: &Credential) -> Result<Credential, String> {
        self.page().await.prove(credential, &self.host()).await.map_err(|error| error.to_string())
    }

    async fn stop(self) {
        self.console.stop().await;
        self.engine.stop().await;
    }
}

fn refused(reason: &str) -> Result<Credential, String> {
    Err(json!({ "refused": reason }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_one_session_and_its_browser_returns() {
    let running = start(Clock::system()).await;
    let (code, host) = Credential::of_link(&running.console.link()).unwrap();
    assert_eq!(host, running.host());
    let mut page = running.page().await;
    let browser = page.prove(&code, &host).await.unwrap();
    assert_eq!(page.call("status", json!({})).await.unwrap()["alerts"]["firing"], 0);

    assert_eq!(running.prove(&code).await, refused("unknown"), "a code works once");
    assert_eq!(running.prove(&browser).await, Ok(browser.clone()));

    // After a restart on the same address.
    let Running { folder, engine, console } = running;
    console.stop().await;
    engine.stop().await;
    drop(engine);
    let engine = crate::engine(&folder, Clock::system()).await;
    let console = Console::open(&engine, Some(&host)).await.unwrap();
    let again = Running { folder, engine, console };
    assert_eq!(again.prove(&browser).await, Ok(browser.clone()));
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_useless_after_a_minute_and_a_browser_after_12_hours() {
    let time = ManualClock::new(START);
    let running = start(time.clock()).await;
    let (code, _) = Credential::of_link(&running.console.link()).unwrap();
    let (used, _) = Credential::of_link(&running.console.link()).unwrap();
    let browser = running.prove(&used).await.unwrap();
    time.advance(Duration::from_secs(60));
    assert_eq!(running.prove(&code).await, refused("unknown"));
    time.advance(Duration::from_secs(12 * 3600 - 61));
    assert_eq!(running.prove(&browser).await, Ok(browser.clone()));
    time.advance(Duration::from_secs(12 * 3600));
    assert_eq!(running.prove(&browser).await, refused("unknown"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_12_hours_without_a_request() {
    let time = ManualClock::new(START);
    let running = start(time.clock()).await;
    let (mut page, _) = ConsolePage::open(&running.console.link()).await.unwrap();
    page.call("status", json!({})).await.unwrap();
    let ended = tokio::spawn(async move { page.next().await.is_err() });
    while !ended.is_finished() {
        time.advance(Duration::from_secs(12 * 3600));
        tokio::task::yield_now().await;
    }
    assert!(ended.await.unwrap());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_secret_opens_a_session() {
    let running = start(Clock::system()).await;
    let (code, host) = Credential::of_link(&running.console.link()).unwrap();
    let guessed = Credential { key: vec![0; 32], ..code.clone() };
    assert_eq!(running.prove(&guessed).await, Err("false proof".into()));
    let unknown = Credential { id: "0".repeat(16), ..code.clone() };
    assert_eq!(running.prove(&unknown).await, refused("unknown"));
    let other_kind = Credential { kind: "browser", ..code.clone() };
    assert_eq!(running.prove(&other_kind).await, refused("unknown"));

    let messages: [(Value, &str); 5] = [
        (json!({"call": 1, "name": "status", "args": {}}), "invalid"),
        (json!({"hello": {"kind": "code", "id": code.id, "nonce": "short"}}), "invalid"),
        (json!({"hello": {"kind": "code", "id": code.id, "nonce": "a\nb"}}), "invalid"),
        (json!({"hello": {"kind": "other", "id": code.id, "nonce": ""}}), "invalid"),
        (json!({"hello": "x".repeat(2000)}), "invalid"),
    ];
    for (message, reason) in messages {
        let mut page = running.page().await;
        page.send(message.clone()).await.unwrap();
        assert_eq!(page.receive().await.unwrap(), json!({"refused": reason}), "{message}");
        page.next().await.unwrap_err();
    }
    // The page's proof is checked too, and a wrong one does not use up the code.
    let mut page = running.page().await;
    let (_, _, servers) = page.hello(&code).await.unwrap();
    assert_eq!(servers.len(), 32);
    page.send(json!({"proof": "A".repeat(43)})).await.unwrap();
    assert_eq!(page.receive().await.unwrap(), json!({"refused": "proof"}));
    running.page().await.prove(&code, &host).await.unwrap();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_on_another_port_cannot_pass_the_proofs_on() {
    let running = start(Clock::system()).await;
    let elsewhere = "127.0.0.1:1";
    // It must name the engine's own address, and a page at its address expects another proof.
    ConsolePage::connect(&running.host(), elsewhere).await.unwrap_err();
    let (code, _) = Credential::of_link(&running.console.link()).unwrap();
    let passed_on = running.page().await.prove(&code, elsewhere).await;
    assert_eq!(passed_on.unwrap_err().to_string(), "false proof");
    // Nor does the engine accept the proof of a page there.
    let mut page = running.page().await;
    let (page_nonce, server_nonce, _) = page.hello(&code).await.unwrap();
    page.send(json!({"proof": code.page_proof(elsewhere, &page_nonce, &server_nonce)})).await.unwrap();
    assert_eq!(page.receive().await.unwrap(), json!({"refused": "proof"}));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_32_pages_connect_at_a_time_and_each_has_5_seconds() {
    let time = ManualClock::new(START);
    let running = start(time.clock()).await;
    let mut waiting = Vec::new();
    for _ in 0..32 {
        waiting.push(running.page().await);
    }
    ConsolePage::connect(&running.host(), &running.host()).await.unwrap_err();
    time.wait_for_sleepers(32).await;
    time.advance(Duration::from_secs(5));
    for mut page in waiting {
        page.next().await.unwrap_err();
    }
    ConsolePage::open(&running.console.link()).await.unwrap();
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_answered_with_values_errors_and_files() {
    let running = start(Clock::system()).await;
    let (mut page, _) = ConsolePage::open(&running.console.link()).await.unwrap();
    let error = page.call("make_coffee", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("not_found") && error.contains("make_coffee"), "{error}");
    let error = page.call("status", json!({"milk": true})).await.unwrap_err().to_string();
    assert!(error.contains("invalid") && error.contains("milk"), "{error}");

    let range = json!({"start": 0, "end": 1_000_000_000});
    let export = json!({"request": {"signal": "logs", "range": range, "format": "csv"}});
    page.send(json!({"call": 90, "name": "export", "args": export})).await.unwrap();
    let reply = page.receive().await.unwrap();
    assert_eq!(
        (&reply["reply"], &reply["file"]["media_type"]),
        (&json!(90), &json!("text/csv; charset=utf-8"))
    );
    assert!(reply["file"]["name"].as_str().unwrap().ends_with(".csv"), "{reply}");
    let path = reply["file"]["path"].as_str().unwrap();
    let fetch = async |site: &str| {
        let request = tls::http_client().get(format!("{}{path}", running.console.address()));
        request.header("sec-fetch-site", site).send().await.unwrap()
    };
    assert_eq!(fetch("cross-site").await.status(), 403, "a page of another site");
    let file = fetch("same-origin").await;
    assert_eq!(file.headers()["content-disposition"], "attachment", "the page names it");
    assert_eq!(file.headers()["cache-control"], "no-store");
    assert!(file.text().await.unwrap().starts_with("time,"));
    assert_eq!(fetch("same-origin").await.status(), 404, "the path works once");

    page.send(json!({"subscribe": 8, "topic": "coffee", "args": {}})).await.unwrap();
    let rejection = page.receive().await.unwrap();
    assert_eq!((&rejection["subscription"], &rejection["error"]["code"]), (&json!(8), &json!("not_found")));
    page.send(json!({"pour": 1})).await.unwrap();
    assert_eq!(page.receive().await.unwrap()["error"]["code"], "invalid");
    running.stop().await;
}
