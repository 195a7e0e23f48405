//! `binnacle-cli sentry` with an installation that follows Sentry's published API.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use test_support::{
    engine_process::{self, EngineProcess, PATIENCE},
    sentry_server::{Data, SentryServer, TOKEN},
};

const WRONG: &str = "sntryu_wrong0000000000000000000000000000000000000000000000000000000";

/// Whether it went well, and all that was told.
fn sentry(data: &Path, token: &str, arguments: &[&str]) -> (bool, String) {
    let arguments: Vec<&str> = ["sentry"].iter().chain(arguments).copied().collect();
    let mut command = engine_process::command(data, &arguments).unwrap();
    let output = command.env("SENTRY_AUTH_TOKEN", token).output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(told).unwrap())
}

/// The files in which it is kept how far installations were asked.
fn positions(data: &Path) -> usize {
    let Ok(entries) = fs::read_dir(data.join("checkpoints")) else { return 0 };
    entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("sentry-")).count()
}

async fn wait(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_tried_connected_asked_and_removed() {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let server = SentryServer::start(Data::busy(now - 30 * 3600, now)).await.unwrap();
    let mut engine = EngineProcess::start().await.unwrap();
    let (data, url) = (engine.data(), server.url());
    let settings = || fs::read_to_string(engine.settings_file()).unwrap();

    let (well, told) = sentry(&data, TOKEN, &["access", &url]);
    assert!(well && told.contains("acme: ") && told.contains("errors"), "{told}");
    for what in ["access", "connect"] {
        let (well, told) = sentry(&data, WRONG, &[what, &url, "--name", "work"]);
        assert!(!well && told.contains("token") && !told.contains(WRONG), "{told}");
    }
    let elsewhere = format!("http://{}", engine.listener("otlp_http").await.unwrap());
    let (well, told) = sentry(&data, TOKEN, &["access", &elsewhere]);
    assert!(!well && told.contains("is this the address of a Sentry"), "{told}");
    let (_, told) = sentry(&data, TOKEN, &["connect", "-h"]);
    assert!(
        told.contains("read from standard input, or from the environment variable SENTRY_AUTH_TOKEN"),
        "{told}"
    );
    let (well, told) = sentry(&data, TOKEN, &["connect", "not an address", "--name", "work"]);
    assert!(!well && !told.contains(TOKEN), "{told}");
    assert!(!settings().contains("[[sentry]]"), "nothing is kept of what does not work");

    let (well, told) = sentry(&data, TOKEN, &["connect", &url, "--name", "work", "--organization", "acme"]);
    assert!(well && told.contains("the installation was added"), "{told}");
    assert!(settings().contains("work") && !settings().contains(TOKEN));
    let query = || {
        let arguments = ["query", "sentry_errors_total", "--last", "3d", "--json"];
        let output = engine_process::command(&data, &arguments).unwrap().output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    wait("errors are stored", || query().contains("\"times\":[")).await;
    wait("progress is kept", || positions(&data) > 0).await;

    let (well, told) = sentry(&data, "", &["remove", "other"]);
    assert!(!well && told.contains("no Sentry installation is called"), "{told}");
    let (well, told) = sentry(&data, "", &["remove", "work"]);
    assert!(well, "{told}");
    assert!(!settings().contains("[[sentry]]"));
    wait("the progress is forgotten", || positions(&data) == 0).await;
    assert!(query().contains("\"times\":["), "what was collected stays");
    let (well, _) = sentry(&data, "", &["remove", "work"]);
    assert!(!well, "it is gone already");

    let (well, told) = sentry(&data, "", &["preset", "http://127.0.0.1:1", "--name", "own"]);
    assert!(well && told.contains("redis"), "{told}");
    for (option, expected) in
        [("--add", "there"), ("--remove", "8 checks removed"), ("--remove", "0 checks removed")]
    {
        let (well, told) = sentry(&data, "", &["preset", "http://127.0.0.1:1", "--name", "own", option]);
        assert!(well && told.contains(expected), "{option}: {told}");
    }
    engine.stop().await.unwrap();
    assert_eq!(positions(&data), 0, "nothing came back at the end");
    assert_eq!(server.state().violations, Vec::<String>::new());
}
