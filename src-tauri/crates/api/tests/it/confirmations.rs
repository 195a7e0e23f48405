//! A browser session on a real engine, whose changes a person on the machine confirms.

use std::sync::Arc;

use api::{ApiError, Backend, EngineBackend, ErrorCode, Reply, RestrictedBackend};
use engine::{Engine, EngineOptions};
use futures_util::StreamExt as _;
use model::Confirmation;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const SETTINGS: &str = r#"
[alerts]
desktop_notifications = false
[[scrape]]
name = "plain"
url = "http://127.0.0.1:9100/metrics"
[[sentry]]
name = "sentry"
url = "http://127.0.0.1:1"
"#;

struct Fixture {
    engine: Engine,
    machine: EngineBackend,
    browser: Arc<RestrictedBackend>,
    folder: tempfile::TempDir,
}

impl Fixture {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings.toml"), SETTINGS).unwrap();
        let mut options = EngineOptions::new(folder.path().to_owned());
        options.observe = false;
        let engine = Engine::start(options).await.unwrap();
        let machine = EngineBackend::new(engine.clone());
        let browser = Arc::new(RestrictedBackend::new(engine.clone(), "browser 1a"));
        Self { engine, machine, browser, folder }
    }

    fn settings(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("settings.toml")).unwrap()
    }

    /// Calls a command as the browser and waits until its change is pending.
    async fn request(&self, name: &'static str, arguments: Value) -> (JoinHandle<Called>, Confirmation) {
        let mut pending = self.engine.confirmations().watch();
        let browser = self.browser.clone();
        let mut call = tokio::spawn(async move { browser.call(name, arguments).await });
        let list = tokio::select! {
            list = pending.wait_for(|list| !list.is_empty()) => list.unwrap().clone(),
            called = &mut call => panic!("{name} was not confirmed: {called:?}"),
        };
        (call, list.into_iter().next().unwrap())
    }

    async fn answer(&self, command: &str, id: &str) {
        self.machine.call(command, json!({"id": id})).await.unwrap();
    }

    async fn stop(self) {
        self.engine.stop().await;
    }
}

type Called = Result<Reply, ApiError>;

fn refused(called: Called) -> String {
    let error = called.unwrap_err();
    assert_eq!(error.code, ErrorCode::Forbidden, "{error}");
    error.message
}

fn program() -> Value {
    json!({"key": "command", "value": [{"name": "disk", "run": ["/bin/df", "-h"]}]})
}

#[tokio::test]
async fn a_browser_edits_what_is_its_own() {
    let fixture = Fixture::start().await;
    let value = json!({"key": "retention.logs_days", "value": 3});
    fixture.browser.call("set_setting", value).await.unwrap();
    let target = json!({"name": "new", "url": "http://127.0.0.1:9200/metrics"});
    fixture.browser.call("add_scrape_target", target).await.unwrap();
    assert!(fixture.settings().contains("logs_days = 3") && fixture.settings().contains("9200"));
    let typed = json!({
        "name": "sentry", "url": "http://127.0.0.1:2", "token": "typed", "organizations": [], "projects": [],
    });
    fixture.browser.call("sentry_access", typed).await.unwrap();
    let error =
        fixture.browser.call("set_setting", json!({"key": "nonsense", "value": 1})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Invalid);
    assert!(fixture.engine.confirmations().pending().is_empty());
    fixture.stop().await;
}

#[tokio::test]
async fn a_confirmed_call_runs_and_answers_the_browser() {
    let fixture = Fixture::start().await;
    let (call, pending) = fixture.request("set_setting", program()).await;
    assert_eq!(pending.effects, ["Run the program `/bin/df -h` every 60 s"]);
    assert_eq!(pending.requested_by, "browser 1a");
    assert!(!fixture.settings().contains("/bin/df"), "nothing runs before the answer");
    let Reply::Json(listed) = fixture.machine.call("confirmations", json!({})).await.unwrap() else {
        panic!("the list is no JSON")
    };
    assert_eq!(listed[0]["id"], pending.id.as_str());
    fixture.answer("confirm", &pending.id).await;
    let Reply::Json(document) = call.await.unwrap().unwrap() else { panic!("the reply is no JSON") };
    assert_eq!(document["values"]["command"][0]["run"], json!(["/bin/df", "-h"]));
    let again = fixture.machine.call("confirm", json!({"id": pending.id})).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::NotFound);
    fixture.stop().await;
}

#[tokio::test]
async fn a_refused_or_dropped_call_changes_nothing() {
    let fixture = Fixture::start().await;
    let (call, pending) = fixture.request("set_setting", program()).await;
    fixture.answer("refuse", &pending.id).await;
    assert!(refused(call.await.unwrap()).contains("was refused on the machine"));

    let (call, pending) = fixture.request("set_setting", program()).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let late = fixture.machine.call("confirm", json!({"id": pending.id})).await.unwrap_err();
    assert_eq!(late.code, ErrorCode::NotFound);
    assert_eq!(fixture.settings(), SETTINGS);
    fixture.stop().await;
}

#[tokio::test]
async fn a_browser_cannot_answer() {
    let fixture = Fixture::start().await;
    let (call, pending) = fixture.request("set_setting", program()).await;
    for command in ["confirm", "refuse"] {
        refused(fixture.browser.call(command, json!({"id": pending.id})).await);
    }
    refused(fixture.browser.call("confirmations", json!({})).await);
    assert_eq!(fixture.engine.confirmations().pending(), [pending]);
    call.abort();
    fixture.stop().await;
}

#[tokio::test]
async fn a_confirmation_holds_for_the_settings_it_was_given_for() {
    let fixture = Fixture::start().await;
    let password = json!({"username": "a", "password_file": "/password"});
    let arguments = json!({"key": "scrape.0.basic_auth", "value": password});
    let (call, pending) = fixture.request("set_setting", arguments).await;
    assert_eq!(
        pending.effects,
        ["Read /password for the scrape job “plain”, which sends its secrets to \
          http://127.0.0.1:9100/metrics"]
    );
    // The job has no secret yet, so a browser may change its address.
    let elsewhere = json!({"key": "scrape.0.url", "value": "http://evil.example/metrics"});
    fixture.browser.call("set_setting", elsewhere).await.unwrap();
    fixture.answer("confirm", &pending.id).await;
    assert!(refused(call.await.unwrap()).contains("the settings changed"));
    assert!(!fixture.settings().contains("/password"));
    fixture.stop().await;
}

#[tokio::test]
async fn a_confirmed_settings_file_overwrites_no_later_edit() {
    let fixture = Fixture::start().await;
    let text = format!("{SETTINGS}[[log_file]]\npath = \"/home/a/x.log\"\n");
    let (call, pending) = fixture.request("save_settings", json!({"text": text})).await;
    let edit = json!({"key": "retention.logs_days", "value": 3});
    fixture.machine.call("set_setting", edit).await.unwrap();
    fixture.answer("confirm", &pending.id).await;
    assert!(refused(call.await.unwrap()).contains("the settings changed"));
    assert!(fixture.settings().contains("logs_days = 3") && !fixture.settings().contains("x.log"));
    fixture.stop().await;
}

#[tokio::test]
async fn the_other_calls_that_need_the_machine_wait_too() {
    let fixture = Fixture::start().await;
    let sentry = json!({
        "name": "sentry", "url": "http://127.0.0.1:2", "token": null, "organizations": [], "projects": [],
    });
    let check = |kind: Value| {
        json!({
            "check": {
                "id": "", "name": "shop", "enabled": true, "kind": kind, "interval_seconds": 30,
                "timeout_seconds": 10, "retries": 0, "retry_interval_seconds": 1,
                "degraded_above_ms": null, "service": null,
            },
            "secret": null,
        })
    };
    let tls = check(json!({
        "type": "tls", "host": "127.0.0.1", "port": 1, "server_name": null, "ca_file": "/ca.pem",
        "accept_self_signed": false, "degraded_below_days": null, "unhealthy_below_days": null,
    }));
    let preset = json!({
        "request": {"name": "s", "url": "http://127.0.0.1:1", "host": "/run/postgresql", "statsd": ""},
        "checks": null,
    });
    let text = format!("{SETTINGS}[[log_file]]\npath = \"/home/a/x.log\"\n");
    for (name, arguments, effect) in [
        ("save_settings", json!({"text": text}), "Read the log files /home/a/x.log"),
        ("add_log_file", json!({"path": "/x.log", "service": ""}), "Read the log files /x.log"),
        ("import", json!({"path": "/x.csv", "service": null, "dry_run": true}), "Read the file /x.csv and"),
        ("drop_orphans", json!({}), "Delete the files of the data folder"),
        ("sentry_access", sentry.clone(), "Send the stored token"),
        ("sentry_connect", sentry, "Send the stored token"),
        ("save_check", tls.clone(), "Read the file /ca.pem"),
        ("try_check", tls, "Read the file /ca.pem"),
        ("sentry_preset_add", preset, "Run the check “s: PostgreSQL” over the socket"),
    ] {
        let (call, pending) = fixture.request(name, arguments).await;
        assert!(pending.effects[0].starts_with(effect), "{name}: {pending:?}");
        fixture.answer("refuse", &pending.id).await;
        refused(call.await.unwrap());
    }
    assert_eq!(fixture.settings(), SETTINGS);
    fixture.stop().await;
}

#[tokio::test]
async fn a_session_sees_its_own_requests_only() {
    let fixture = Fixture::start().await;
    let other = RestrictedBackend::new(fixture.engine.clone(), "browser 2b");
    let mut own = fixture.browser.subscribe("confirmations", json!({})).await.unwrap();
    assert_eq!(own.next().await, Some(json!([])));
    let (call, pending) = fixture.request("set_setting", program()).await;
    assert_eq!(own.next().await.unwrap()[0]["id"], pending.id.as_str());
    let mut others = other.subscribe("confirmations", json!({})).await.unwrap();
    assert_eq!(others.next().await, Some(json!([])));
    let mut all = fixture.machine.subscribe("confirmations", json!({})).await.unwrap();
    assert_eq!(all.next().await.unwrap()[0]["requested_by"], "browser 1a");
    call.abort();
    fixture.stop().await;
}
