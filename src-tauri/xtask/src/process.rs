//! Running other programs, and saying what runs.

use std::{
    ffi::OsStr,
    io::IsTerminal as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

/// Prints the step that begins.
pub(crate) fn say(text: &str) {
    if std::io::stdout().is_terminal() {
        println!("\x1b[1m==>\x1b[0m {text}");
    } else {
        println!("==> {text}");
    }
}

/// Returns a command that runs in `folder`.
///
/// It lacks what `cargo run` sets for us: build scripts of dependencies compare these variables,
/// and cargo from a shell would build what depends on them again. Machete takes its name from one.
pub(crate) fn command(program: &str, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| CARGO_RUN.iter().any(|set| name.starts_with(set))) {
            command.env_remove(&name);
        }
    }
    command
}

/// What the variables begin with that `cargo run` sets for its program.
const CARGO_RUN: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// Runs a command to its end. Fails if it cannot be started or fails.
pub(crate) fn check(command: &mut Command) -> anyhow::Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("cannot start {shown}"))?;
    if !status.success() {
        bail!("{shown} failed ({status})");
    }
    Ok(())
}

/// Returns the output of a command, if it succeeds.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = shown(command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        bail!("{shown} failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns whether a program is on the path.
pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn shown(command: &Command) -> String {
    let words: Vec<&OsStr> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
