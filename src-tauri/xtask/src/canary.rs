//! Plants a fault for each check and expects the check to fail: one that finds nothing anywhere
//! would pass as well.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::ensure;

use crate::{
    gates::{cargo, documentation, npm},
    process::say,
    tools, workspace,
};

/// A fault in a file of its own, and the check that has to find it.
pub(crate) struct Fault {
    check: &'static str,
    /// Path from the root of the repository.
    file: &'static str,
    text: &'static str,
    /// Part of what the check prints of the fault. A check that fails otherwise did not find it.
    named: &'static str,
    run: fn() -> anyhow::Result<Command>,
}

/// Faults in Rust and its packages.
pub(crate) const RUST: &[Fault] = &[
    Fault {
        check: "format",
        file: "src-tauri/xtask/src/bin/canary.rs",
        text: "//! A fault.\nfn  main( ) {}\n",
        named: "canary.rs",
        run: || Ok(cargo(&["fmt", "-p", "xtask", "--check"])),
    },
    Fault {
        check: "lints",
        file: "src-tauri/xtask/src/bin/canary.rs",
        text: "//! A fault.\nfn main() {\n    dbg!(1);\n}\n",
        named: "dbg!",
        run: || Ok(cargo(&["clippy", "--locked", "-p", "xtask", "--bin", "canary", "--", "-D", "warnings"])),
    },
    Fault {
        check: "one clock",
        file: "src-tauri/xtask/src/bin/canary.rs",
        text: "//! A fault.\nfn main() {\n    let _ = std::time::SystemTime::now();\n}\n",
        named: "SystemTime::now",
        run: || Ok(cargo(&["clippy", "--locked", "-p", "xtask", "--bin", "canary", "--", "-D", "warnings"])),
    },
    Fault {
        check: "documentation",
        file: "src-tauri/xtask/src/bin/canary.rs",
        text: "//! See [`Missing`].\nfn main() {}\n",
        named: "Missing",
        run: || Ok(documentation(&["-p", "xtask", "--bin", "canary"])),
    },
    Fault {
        check: "unused dependencies",
        file: "target/canary/Cargo.toml",
        text: "[package]\nname = \"canary\"\nversion = \"0.0.0\"\n\n[dependencies]\nanyhow = \"1\"\n",
        named: "anyhow",
        run: || {
            let mut machete = tools::MACHETE.command()?;
            machete.arg("--no-ignore").arg(workspace::root().join("target/canary"));
            Ok(machete)
        },
    },
];

/// Faults in the console.
pub(crate) const CONSOLE: &[Fault] = &[
    Fault {
        check: "console-types",
        file: "ui/src/canary.ts",
        text: "export const planted: number = 'not a number'\n",
        named: "canary.ts",
        run: || Ok(npm("check")),
    },
    Fault {
        check: "console-lint",
        file: "ui/src/canary.ts",
        text: "export const planted = 1;;\n",
        named: "canary.ts",
        run: || Ok(npm("lint")),
    },
    Fault {
        check: "console-unused",
        file: "ui/src/canary.ts",
        text: "export const planted = 1\n",
        named: "canary.ts",
        run: || Ok(npm("unused")),
    },
];

/// The planted file; it is removed however the check ends.
struct Planted(PathBuf);

impl Planted {
    fn new(file: &Path, text: &str) -> anyhow::Result<Self> {
        ensure!(!file.exists(), "{} is in the way of a planted fault", file.display());
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, text)?;
        Ok(Self(file.to_owned()))
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        // Nothing more can be done about a file that cannot be removed; git shows it.
        let _ = fs::remove_file(&self.0);
        if let Some(folder) = self.0.parent() {
            // Only a folder that was made for the file is empty now.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Plants each fault in turn and returns how many were found and how many were not.
pub(crate) fn run(faults: &[Fault]) -> anyhow::Result<(u64, u64)> {
    let (mut found, mut missed) = (0, 0);
    for fault in faults {
        let _planted = Planted::new(&workspace::root().join(fault.file), fault.text)?;
        let output = (fault.run)()?.output()?;
        let printed = [output.stdout, output.stderr].concat();
        let is_named = String::from_utf8_lossy(&printed).contains(fault.named);
        if !output.status.success() && is_named {
            found += 1;
        } else {
            say(&format!("{} does not find a planted fault", fault.check));
            missed += 1;
        }
    }
    Ok((found, missed))
}
