//! The commands that check the workspace and the console.

use std::process::Command;

use crate::{process::command, workspace};

/// Returns a cargo command in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    command("cargo", arguments, &workspace::root())
}

/// Returns the command that checks the format of Rust. Check kinds are given by path, because
/// rustfmt does not find modules that a macro declares.
pub(crate) fn format() -> Command {
    let mut format = cargo(&["fmt", "--all", "--check", "--"]);
    let kinds = workspace::root().join("src-tauri/crates/checks/src/kinds");
    let files = std::fs::read_dir(kinds).into_iter().flatten().flatten().map(|entry| entry.path());
    format.args(files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")));
    format
}

/// Returns a command that runs a script of the console.
pub(crate) fn npm(script: &str) -> Command {
    command("npm", &["run", "--silent", script], &workspace::ui())
}

/// Returns the command that builds the documentation of `packages` with warnings as errors.
pub(crate) fn documentation(packages: &[&str]) -> Command {
    let mut doc = cargo(&["doc", "--locked", "--quiet", "--no-deps", "--document-private-items"]);
    doc.args(packages).env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links");
    doc
}
