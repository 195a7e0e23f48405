//! `binnacle-cli` on a data folder, and its output in a form that every run repeats.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use expect_test::expect_file;
use regex::Regex;

/// Returns `binnacle-cli` without the settings and services of the user.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_binnacle-cli"));
    command.stdin(Stdio::null()).env("TZ", "UTC").env("COLUMNS", "100");
    for variable in ["DBUS_SESSION_BUS_ADDRESS", "RUST_LOG", "BINNACLE_DATA_DIR", "SENTRY_AUTH_TOKEN"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command on a data folder.
pub(crate) fn run(data: &Path, arguments: &[&str]) -> Output {
    program().arg("--data").arg(data).args(arguments).output().unwrap()
}

/// Returns what a command prints, with exit code and errors if it fails.
pub(crate) fn printed(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    let mut text = format!("$ binnacle-cli {}\n", arguments.join(" "));
    text.push_str(&String::from_utf8_lossy(&output.stdout));
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        text.push_str(&format!("(exit code {})\n", output.status.code().unwrap_or(-1)));
    }
    normalized(&text, data)
}

/// Replaces what differs between runs, and omits the intact parts of the data.
fn normalized(text: &str, data: &Path) -> String {
    let mut text = text.replace(&data.display().to_string(), "DATA");
    for (pattern, replacement) in [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})?", "TIME"),
        (r"\b\d{19}\b", "NANOSECONDS"),
        (r"\b\d+(\.\d+)? (GB|MB|kB|B)\b", "SIZE"),
        (r"(?m)^\d+/\d+ .* ok\n", ""),
        (r"(?m)^\d+ tables and segments", "N tables and segments"),
        (r"\b\d+\.\d ms\b", "DURATION"),
        (r"full in \d+ days", "full in N days"),
        // Columns are as wide as their replaced cells.
        (r" {2,}", "  "),
        (r"(?m) +$", ""),
    ] {
        text = Regex::new(pattern).unwrap().replace_all(&text, replacement).into_owned();
    }
    text
}

/// Compares text with a recorded one.
pub(crate) fn assert_recorded(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(name);
    expect_file![path].assert_eq(text);
}
