//! `binnacle-cli` without the environment of the user.

use std::process::{Command, Stdio};

/// Returns `binnacle-cli` without the settings and services of the user.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_binnacle-cli"));
    command.stdin(Stdio::null()).env("TZ", "UTC").env("COLUMNS", "100");
    for variable in ["DBUS_SESSION_BUS_ADDRESS", "RUST_LOG", "BINNACLE_DATA_DIR", "SENTRY_AUTH_TOKEN"] {
        command.env_remove(variable);
    }
    command
}
