//! Programs of the Rust world that the checks use: taken from the path, or installed beside the
//! build output.

use std::process::Command;

use crate::{
    process::{check, command, is_installed, say},
    workspace,
};

/// A cargo subcommand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    /// Name of the program and of its crate.
    pub(crate) name: &'static str,
    version: &'static str,
}

/// The test runner.
pub(crate) const NEXTEST: Tool = Tool { name: "cargo-nextest", version: "0.9.143" };
/// The finder of unused dependencies.
pub(crate) const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };

impl Tool {
    /// Returns the command `cargo NAME`. The tool is installed first if it is neither on the path
    /// nor beside the build output. That takes some minutes.
    pub(crate) fn command(self) -> anyhow::Result<Command> {
        let subcommand = self.name.trim_start_matches("cargo-");
        let mut cargo = command("cargo", &[subcommand], &workspace::root());
        if is_installed(self.name) {
            return Ok(cargo);
        }
        let folder = workspace::target().join("tools");
        let programs = folder.join("bin");
        if !programs.join(format!("{}{}", self.name, std::env::consts::EXE_SUFFIX)).exists() {
            say(&format!("installing {} {}", self.name, self.version));
            let mut install = command("cargo", &["install", "--quiet", "--locked"], &workspace::root());
            check(install.args(["--version", self.version, "--root"]).arg(&folder).arg(self.name))?;
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(programs).chain(std::env::split_paths(&path));
        cargo.env("PATH", std::env::join_paths(folders)?);
        Ok(cargo)
    }
}
