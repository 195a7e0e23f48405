//! `binnacle-cli sentry` with an installation that follows Sentry's published API.

use std::{fs, path::Path};

use model::NANOS_PER_SECOND;
use runtime::Clock;
use test_support::{
    engine_process::{self, EngineProcess},
    sentry_server::{Data, SentryServer, TOKEN},
    wait::wait_until,
};

const WRONG: &str = "sntryu_wrong0000000000000000000000000000000000000000000000000000000";

/// Runs `binnacle-cli sentry`. Returns its success and its whole output.
fn sentry(data: &Path, token: &str, arguments: &[&str]) -> (bool, String) {
    let arguments: Vec<&str> = ["sentry"].iter().chain(arguments).copied().collect();
    let mut command = engine_process::command(data, &arguments).unwrap();
    let output = command.env("SENTRY_AUTH_TOKEN", token).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

/// Counts the checkpoint files of installations.
fn checkpoints(data: &Path) -> usize {
    let Ok(entries) = fs::read_dir(data.join("checkpoints")) else { return 0 };
    entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("sentry-")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_tried_connected_queried_and_removed() {
    let now = Clock::system().now().0 / NANOS_PER_SECOND;
    let server = SentryServer::start(Data::busy(now - 30 * 3600, now)).await.unwrap();
    let mut engine = EngineProcess::start().await.unwrap();
    let (data, url) = (engine.data(), server.url());
    let settings = || fs::read_to_string(engine.settings_file()).unwrap();

    let (succeeded, output) = sentry(&data, TOKEN, &["access", &url]);
    assert!(succeeded && output.contains("acme: ") && output.contains("errors"), "{output}");
    for command in ["access", "connect"] {
        let (succeeded, output) = sentry(&data, WRONG, &[command, &url, "--name", "work"]);
        assert!(!succeeded && output.contains("token") && !output.contains(WRONG), "{output}");
    }
    let elsewhere = format!("http://{}", engine.listener("otlp_http").await.unwrap());
    let (succeeded, output) = sentry(&data, TOKEN, &["access", &elsewhere]);
    assert!(!succeeded && output.contains("check the address of the installation"), "{output}");
    let (_, output) = sentry(&data, TOKEN, &["connect", "-h"]);
    assert!(
        output.contains("read from standard input, or from the environment variable SENTRY_AUTH_TOKEN"),
        "{output}"
    );
    let (succeeded, output) = sentry(&data, TOKEN, &["connect", "not an address", "--name", "work"]);
    assert!(!succeeded && !output.contains(TOKEN), "{output}");
    assert!(!settings().contains("[[sentry]]"), "nothing is stored of a failed connection");

    let (succeeded, output) =
        sentry(&data, TOKEN, &["connect", &url, "--name", "work", "--organization", "acme"]);
    assert!(succeeded && output.contains("the installation was added"), "{output}");
    assert!(settings().contains("work") && !settings().contains(TOKEN));
    let query = || {
        let arguments = ["query", "sentry_errors_total", "--last", "3d", "--json"];
        let output = engine_process::command(&data, &arguments).unwrap().output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    wait_until("errors are stored", async || Ok(query().contains("\"times\":["))).await.unwrap();
    wait_until("a checkpoint is stored", async || Ok(checkpoints(&data) > 0)).await.unwrap();

    let (succeeded, output) = sentry(&data, "", &["remove", "other"]);
    assert!(!succeeded && output.contains("no Sentry installation is called"), "{output}");
    let (succeeded, output) = sentry(&data, "", &["remove", "work"]);
    assert!(succeeded, "{output}");
    assert!(!settings().contains("[[sentry]]"));
    wait_until("the checkpoint is deleted", async || Ok(checkpoints(&data) == 0)).await.unwrap();
    assert!(query().contains("\"times\":["), "collected data stay");
    let (succeeded, _) = sentry(&data, "", &["remove", "work"]);
    assert!(!succeeded, "it is gone already");

    let (succeeded, output) = sentry(&data, "", &["preset", "http://127.0.0.1:1", "--name", "own"]);
    assert!(succeeded && output.contains("redis"), "{output}");
    for (option, expected) in
        [("--add", "exists"), ("--remove", "8 checks removed"), ("--remove", "0 checks removed")]
    {
        let (succeeded, output) =
            sentry(&data, "", &["preset", "http://127.0.0.1:1", "--name", "own", option]);
        assert!(succeeded && output.contains(expected), "{option}: {output}");
    }
    engine.stop().await.unwrap();
    assert_eq!(checkpoints(&data), 0, "a checkpoint came back at the end");
    assert_eq!(server.state().violations, Vec::<String>::new());
}
