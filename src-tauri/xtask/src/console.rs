//! The console: its packages and its build, each only when something changed.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    process::{check, command, say},
    workspace,
};

/// Installs the console's packages if the lock file changed since.
pub(crate) fn install() -> anyhow::Result<()> {
    let ui = workspace::ui();
    let installed = ui.join("node_modules/.package-lock.json");
    if modified(&installed) > modified(&ui.join("package-lock.json")) {
        return Ok(());
    }
    say("installing the console's packages");
    check(&mut command("npm", &["ci", "--no-audit", "--no-fund", "--silent"], &ui))
}

/// Builds the console if one of its sources changed since.
pub(crate) fn build() -> anyhow::Result<()> {
    let ui = workspace::ui();
    let built = modified(&ui.join("dist/index.html"));
    let sources = ["src", "public", "index.html", "package-lock.json", "vite.config.ts", "tsconfig.json"];
    let newest = sources.iter().filter_map(|name| newest(&ui.join(name))).max();
    if built.is_some() && built >= newest {
        return Ok(());
    }
    say("building the console");
    check(&mut command("npm", &["run", "--silent", "build"], &ui))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn newest(path: &PathBuf) -> Option<SystemTime> {
    if !path.is_dir() {
        return modified(path);
    }
    // The time of the folder itself changes when a file is removed.
    let inside = fs::read_dir(path).ok()?.filter_map(|entry| newest(&entry.ok()?.path())).max();
    inside.max(modified(path))
}
