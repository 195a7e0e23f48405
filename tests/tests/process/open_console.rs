//! `binnacle-cli open` gives the browser a private file, because arguments are readable by all.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::json;
use test_support::{
    console_page::ConsolePage,
    engine_process::{self, EngineProcess},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_is_given_a_private_page_with_the_link() {
    let engine = EngineProcess::start().await.unwrap();
    let programs = engine.scratch().join("programs");
    fs::create_dir(&programs).unwrap();
    let (opener, given) = (programs.join("xdg-open"), engine.scratch().join("given"));
    fs::write(&opener, format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {}\n", given.display())).unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();

    let mut command = engine_process::command(&engine.data(), &["open"]).unwrap();
    command.env("PATH", format!("{}:/usr/bin:/bin", programs.display())).env("DISPLAY", ":none");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, format!("opening {} in the browser\n", engine.address()));

    let page = engine.data().join("open.html");
    assert_eq!(fs::read_to_string(&given).unwrap(), format!("{}\n", page.display()));
    assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&page).unwrap();
    let link = text.split("url=").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let (mut opened, _) = ConsolePage::open(link).await.unwrap();
    opened.call("status", json!({})).await.unwrap();
}

#[test]
fn without_an_engine_it_says_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let output = engine_process::command(folder.path(), &["open"]).unwrap().output().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("binnacle-cli serve"), "{message}");
}
