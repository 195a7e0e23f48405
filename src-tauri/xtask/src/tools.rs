//! Programs of the Rust world that the checks use: taken from the path, or installed beside the
//! build output.

use std::path::PathBuf;

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
    /// Returns the program, after it was installed if it is neither on the path nor beside the build
    /// output. The first installation takes some minutes.
    pub(crate) fn program(self) -> anyhow::Result<PathBuf> {
        if is_installed(self.name) {
            return Ok(PathBuf::from(self.name));
        }
        let folder = workspace::target().join("tools");
        let program = folder.join("bin").join(format!("{}{}", self.name, std::env::consts::EXE_SUFFIX));
        if !program.exists() {
            say(&format!("installing {} {}", self.name, self.version));
            let mut install = command("cargo", &["install", "--quiet", "--locked"], &workspace::root());
            check(install.args(["--version", self.version, "--root"]).arg(&folder).arg(self.name))?;
        }
        Ok(program)
    }
}
