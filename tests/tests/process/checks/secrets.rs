//! The choice between keyring and file for secrets.
//!
//! The choice depends on the environment of the process. So this program runs again as a separate
//! process, with only the test [`store_one_secret`].

use std::{
    os::unix::net::UnixListener,
    path::Path,
    process::{Command, Output, Stdio},
};

use checks::open_secrets;

const FOLDER: &str = "BINNACLE_TEST_FOLDER";

#[test]
#[ignore = "run by the other tests of this module, in a separate process"]
fn store_one_secret() {
    let folder = std::env::var_os(FOLDER).unwrap();
    let secrets = open_secrets(Path::new(&folder));
    secrets.set("check", "hunter22").unwrap();
    assert_eq!(secrets.get("check").unwrap().as_deref(), Some("hunter22"));
    assert_eq!(open_secrets(Path::new(&folder)).get("check").unwrap().as_deref(), Some("hunter22"));
    assert_eq!(secrets.get("another").unwrap(), None);
    secrets.set("forgotten", "x").unwrap();
    secrets.delete("forgotten").unwrap();
    secrets.delete("forgotten").unwrap();
    assert_eq!(secrets.get("forgotten").unwrap(), None);
}

/// Runs [`store_one_secret`] under `wrapper`, with the session bus at `bus`.
fn run(mut wrapper: Command, folder: &Path, bus: Option<&Path>) -> Output {
    wrapper.args(["--exact", "checks::secrets::store_one_secret", "--ignored", "--nocapture"]);
    wrapper.env(FOLDER, folder).env("HOME", folder).env("XDG_RUNTIME_DIR", folder).stdin(Stdio::null());
    match bus {
        Some(socket) => wrapper.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display())),
        None => wrapper.env_remove("DBUS_SESSION_BUS_ADDRESS"),
    };
    let output = wrapper.output().unwrap();
    let output_text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output_text.contains("1 passed"), "{output_text}");
    output
}

fn this_program() -> Command {
    Command::new(std::env::current_exe().unwrap())
}

#[test]
fn without_a_keyring_there_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    run(this_program(), folder.path(), None);
    let stored = std::fs::read_to_string(folder.path().join("secrets.json")).unwrap();
    assert!(stored.contains("hunter22") && !stored.contains("forgotten"));
}

#[test]
fn a_bus_that_never_answers_counts_as_no_keyring() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("silent");
    let _silent = UnixListener::bind(&socket).unwrap();
    run(this_program(), folder.path(), Some(&socket));
    assert!(folder.path().join("secrets.json").exists());
}

#[test]
#[ignore = "needs gnome-keyring-daemon and dbus-run-session"]
fn with_a_keyring_there_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Command::new("dbus-run-session");
    session.args(["--", "sh", "-c"]);
    session.arg(
        "printf key | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec \"$0\" \"$@\"",
    );
    session.arg(std::env::current_exe().unwrap());
    run(session, folder.path(), None);
    assert!(!folder.path().join("secrets.json").exists());
}
