//! `binnacle-cli open` gives the browser an address without a secret, because arguments are
//! readable by all. The address leads a browser of this user to a link, once.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

use serde_json::json;
use test_support::{
    console_page::ConsolePage,
    engine_process::{self, EngineProcess},
};

/// A user that the tests do not run as.
const OTHER_USER: u32 = 65534;

/// Runs `binnacle-cli open` with an opener that notes its arguments. Returns what it was given.
fn open(engine: &EngineProcess) -> String {
    let programs = engine.scratch().join("programs");
    fs::create_dir_all(&programs).unwrap();
    let (opener, given) = (programs.join("xdg-open"), engine.scratch().join("given"));
    fs::write(&opener, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {}\n", given.display())).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = engine_process::command(&engine.data(), &["open"]).unwrap();
    command.env("PATH", format!("{}:/usr/bin:/bin", programs.display())).env("DISPLAY", ":none");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, format!("opening {} in the browser\n", engine.address()));
    fs::read_to_string(&given).unwrap().trim_end().to_owned()
}

/// Returns the status and the place that a request leads to.
async fn visit(address: &str) -> (u16, Option<String>) {
    let client = tls::http_client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let response = client.get(address).send().await.unwrap();
    let location = response.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
    (response.status().as_u16(), location)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_is_given_an_address_without_a_secret() {
    let engine = EngineProcess::start().await.unwrap();
    let plain = format!("{}/open", engine.address());
    assert_eq!(visit(&plain).await, (403, None), "nobody is expected");
    let given = open(&engine);
    assert_eq!(given, plain);
    assert!(!engine.data().join("open.html").exists());

    // A program of another user is faster. It gets nothing, and the browser still does.
    if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        use std::os::unix::process::CommandExt as _;

        let mut other = Command::new("curl");
        other.args(["--silent", "--include", &given]).uid(OTHER_USER);
        let output = String::from_utf8(other.output().unwrap().stdout).unwrap();
        assert!(output.starts_with("HTTP/1.1 403") && !output.contains("code="), "{output}");
    }
    // A page of another site cannot lead there.
    let foreign = tls::http_client().get(&given).header("sec-fetch-site", "cross-site").send().await.unwrap();
    assert_eq!(foreign.status(), 403);

    let (status, location) = visit(&given).await;
    assert_eq!(status, 303);
    let link = format!("{}{}", engine.address(), location.unwrap());
    let (mut opened, _) = ConsolePage::open(&link).await.unwrap();
    opened.call("status", json!({})).await.unwrap();
    assert_eq!(visit(&given).await, (403, None), "it works once");
}

#[test]
fn without_an_engine_it_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let output = engine_process::command(folder.path(), &["open"]).unwrap().output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("binnacle-cli serve"), "{message}");
}
