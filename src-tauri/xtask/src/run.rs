//! `cargo xtask run`: sets up, builds, opens the console.

use std::process::Command;

use anyhow::Context as _;

use crate::{
    console, duckdb,
    process::{check, command, say},
    system::{self, Purpose},
    workspace,
};

/// Prepares everything that a build needs.
pub(crate) fn set_up(purpose: Purpose) -> anyhow::Result<()> {
    system::install(purpose)?;
    duckdb::prepare()?;
    console::install()?;
    console::build()
}

/// Builds both programs. `profile` is `dev` or `release`.
pub(crate) fn build(profile: &str) -> anyhow::Result<()> {
    let folder = workspace::target().join(if profile == "dev" { "debug" } else { profile });
    if !folder.join(program("binnacle")).exists() {
        say("building Binnacle (the first time takes some minutes)");
    }
    let packages = ["build", "--locked", "--profile", profile, "-p", "binnacle", "-p", "binnacle-cli"];
    check(&mut command("cargo", &packages, &workspace::root()))?;
    duckdb::place_beside(&folder)
}

/// Returns the file name of a program on this platform.
pub(crate) fn program(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// Sets up, builds and opens the console; `arguments` go to the program.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    set_up(Purpose::Run)?;
    build("dev")?;
    let folder = workspace::target().join("debug");
    let arguments = arguments.strip_prefix(&["--".to_owned()]).unwrap_or(arguments);
    let mut program = if has_display() {
        say("opening the console; closing its window keeps it watching, quitting from the tray ends it");
        Command::new(folder.join(program("binnacle")))
    } else {
        let cli = folder.join(program("binnacle-cli"));
        say("there is no display: serving the console on localhost; open the link below, end with Ctrl-C");
        say(&format!("each link works once; {} open prints another", cli.display()));
        let mut serve = Command::new(cli);
        serve.arg("serve");
        serve
    };
    program.args(arguments);
    let status = program.status().context("cannot start Binnacle")?;
    if !status.success() {
        std::process::exit(status.code().unwrap_or(1));
    }
    Ok(())
}

fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(any(target_os = "macos", windows)) || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
