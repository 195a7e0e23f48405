//! Totals and secrecy of tokens in an engine that is killed repeatedly.

use std::collections::BTreeMap;

use model::{HealthState, SeriesPoints};
use test_support::{
    engine_process::{EngineProcess, SETTINGS},
    sentry_server::{Fault, TOKEN},
    wait::{wait_for, wait_until},
};

use crate::bench::{busy_server, first_start};

#[tokio::test(flavor = "multi_thread")]
async fn the_token_stays_secret_and_everything_is_counted_once_over_kills() {
    let server = busy_server().await;
    let start = first_start(&server, 3);
    let known = format!(
        "{SETTINGS}\n[[sentry]]\nname = \"acme\"\nurl = \"{}\"\ninterval_seconds = 5\nbackfill_hours = 3\n\
         settle_seconds = 30\nrequests_per_second = 20\n",
        server.url()
    );
    let mut engine = EngineProcess::prepare(&known).unwrap();
    engine.start_again().await.unwrap();
    server.state().fail("monitors", vec![Fault::EchoedToken; 3]);
    let arguments = |token: Option<&str>| serde_json::json!({"name": "acme", "url": server.url(), "token": token, "organizations": [], "projects": []});
    let refused: model::SentryAccess =
        engine.call("sentry_connect", arguments(Some("wrong-token-0123456789"))).await.unwrap();
    assert!(!refused.usable);
    assert!(!engine.data().join("secrets.json").exists(), "a rejected token is not stored");
    let access: model::SentryAccess = engine.call("sentry_connect", arguments(Some(TOKEN))).await.unwrap();
    assert!(access.usable, "{access:?}");
    assert!(std::fs::read_to_string(engine.settings_file()).unwrap().contains("backfill_hours = 3"));
    let state = |status: &model::EngineStatus| {
        status.components.iter().find(|one| one.name == "sentry acme").map(|one| one.state)
    };
    for round in 0..6 {
        let answered = server.state().requests.len();
        let further = wait_until("further requests are answered", async || {
            Ok(server.state().requests.len() >= answered + 4 * round)
        });
        further.await.unwrap();
        engine.kill().unwrap();
        engine.start_again().await.unwrap();
    }
    engine
        .wait_for_status("Sentry is collected", |status| {
            matches!(state(status), Some(HealthState::Healthy | HealthState::Degraded))
        })
        .await
        .unwrap();
    let closed = |seconds: i64| (server.state().now() - 30 - seconds).div_euclid(60) * 60;
    // The server has no later event, however long the kills took.
    let newest = server.state().data.errors.last().unwrap().time;
    let stored = wait_for("the past is collected", async || {
        let request = serde_json::json!({
            "metric": "sentry_errors_total", "matchers": [], "limit": 100_000,
            "range": {"start": 0, "end": 4_000_000_000_000_000_000_i64}
        });
        let points: Vec<SeriesPoints> = engine.call("samples", request).await?;
        let last = points.iter().flat_map(|one| &one.times).max().map_or(0, |time| time.0 / 1_000_000_000);
        Ok((last > closed(180) || last >= newest).then_some(points))
    });
    let stored = stored.await.unwrap();
    let last = stored.iter().flat_map(|one| &one.times).max().unwrap().0 / 1_000_000_000 + 1;
    let mut totals: BTreeMap<(String, String), f64> = BTreeMap::new();
    for one in &stored {
        let key = (one.labels["project"].clone(), one.labels["level"].clone());
        *totals.entry(key).or_default() += one.values.iter().sum::<f64>();
    }
    let truth = server.state().data.error_totals(start, last);
    assert_eq!(totals.keys().collect::<Vec<_>>(), truth.keys().collect::<Vec<_>>());
    assert_eq!(totals, truth);

    let status = format!("{:?}", engine.status().await.unwrap());
    assert!(!status.contains(TOKEN), "{status}");
    engine.stop().await.unwrap();
    let log = engine.log();
    assert!(!log.contains(TOKEN) && !log.contains("wrong-token-0123456789"));
    for entry in walk(&engine.data()) {
        if entry.file_name().is_some_and(|name| name == "secrets.json") {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            continue;
        }
        let bytes = std::fs::read(&entry).unwrap();
        for secret in [TOKEN, "wrong-token-0123456789"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a token is in {}", entry.display());
        }
    }
    // The token survives a restart and is deleted with the installation.
    engine.start_again().await.unwrap();
    let _: () = engine.call("sentry_remove", serde_json::json!({"name": "acme"})).await.unwrap();
    let secrets = std::fs::read_to_string(engine.data().join("secrets.json")).unwrap_or_default();
    assert!(!secrets.contains(TOKEN));
    assert!(!std::fs::read_to_string(engine.settings_file()).unwrap().contains("[[sentry]]"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_a_file_goes_to_another_address_only_after_a_confirmation() {
    use std::os::unix::fs::PermissionsExt as _;

    let (first, second) = (busy_server().await, busy_server().await);
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, TOKEN).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = format!(
        "{SETTINGS}\n[[sentry]]\nname = \"acme\"\nurl = \"{}\"\ntoken_file = {token:?}\n\
         interval_seconds = 5\n",
        first.url()
    );
    let mut engine = EngineProcess::prepare(&settings).unwrap();
    engine.start_again().await.unwrap();
    wait_until("the first server is read", async || Ok(!first.state().requests.is_empty())).await.unwrap();

    std::fs::write(engine.settings_file(), settings.replace(&first.url(), &second.url())).unwrap();
    let is_refused = |status: &model::EngineStatus| {
        let found = status.components.iter().find(|one| one.name == "sentry acme");
        found.is_some_and(|one| one.message.contains("is not sent to"))
    };
    engine.wait_for_status("the moved token is refused", is_refused).await.unwrap();
    let arguments = serde_json::json!({"name": "acme", "url": second.url(), "token": null, "organizations": [], "projects": []});
    let tried: Result<model::SentryAccess, _> = engine.call("sentry_access", arguments.clone()).await;
    assert!(tried.unwrap_err().to_string().contains("is not sent to"));
    assert!(second.state().requests.is_empty(), "no request of any kind");

    let access: model::SentryAccess = engine.call("sentry_connect", arguments).await.unwrap();
    assert!(access.usable, "{access:?}");
    let before = second.state().requests.len();
    wait_until("the second server is read", async || Ok(second.state().requests.len() > before))
        .await
        .unwrap();
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(walk(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}
