//! Licences of all third-party packages: the accepted ones, and the texts for shipped packages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{process, workspace};

/// SPDX identifiers under which a package may be used. MPL-2.0 covers files, not programs.
const ACCEPTED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "NCSA",
    "OFL-1.1",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that declare no licence, with the one that their licence file holds.
const UNDECLARED: &[(&str, &str)] = &[("svelte-toolbelt", "MIT")];

/// A package of another author.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    /// An SPDX expression, or an empty text.
    licence: String,
    folder: PathBuf,
    /// Part of the programs or the console, not only of building and testing them.
    is_shipped: bool,
}

/// Checks that every package of both lock files has an accepted licence. The error names each
/// package that has none.
pub(crate) fn check() -> anyhow::Result<()> {
    let refused: Vec<String> = packages()?
        .iter()
        .filter(|package| !is_accepted(&package.licence))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.licence))
        .collect();
    ensure!(refused.is_empty(), "packages without an accepted licence:\n{}", refused.join("\n"));
    Ok(())
}

/// Returns the notices of all shipped packages: name, version, licence and the texts in their
/// folders. A text that several packages share appears once.
pub(crate) fn notices() -> anyhow::Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut list = String::from("Binnacle contains these packages of other authors.\n\n");
    for package in packages()?.iter().filter(|package| package.is_shipped) {
        let title = format!("{} {}", package.name, package.version);
        writeln!(list, "{title} ({})", package.licence)?;
        for text in licence_texts(&package.folder)? {
            texts.entry(text).or_default().push(title.clone());
        }
    }
    for (text, titles) in texts {
        write!(list, "\n----\n\n{}\n\n{}\n", titles.join(", "), text.trim_end())?;
    }
    Ok(list)
}

/// Returns whether an SPDX expression can be met with accepted licences alone. The old form with
/// `/` means OR.
fn is_accepted(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    spdx::Expression::parse_mode(&expression, spdx::ParseMode::LAX).is_ok_and(|parsed| {
        parsed.evaluate(|requirement| ACCEPTED.contains(&requirement.to_string().as_str()))
    })
}

fn packages() -> anyhow::Result<BTreeSet<Package>> {
    let mut all = crates()?;
    all.extend(console_packages(&workspace::ui())?);
    Ok(all)
}

/// Reads the crates of the lock file that are built on Linux.
fn crates() -> anyhow::Result<BTreeSet<Package>> {
    let arguments =
        ["metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"];
    let text = process::output(&mut process::command("cargo", &arguments, &workspace::root()))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata is not JSON")?;
    let shipped = shipped_crates(&metadata);
    let mut all = BTreeSet::new();
    for package in rows(&metadata["packages"]).filter(|package| !package["source"].is_null()) {
        let manifest = PathBuf::from(text_of(&package["manifest_path"]));
        all.insert(Package {
            name: text_of(&package["name"]),
            version: text_of(&package["version"]),
            licence: text_of(&package["license"]),
            folder: manifest.parent().unwrap_or(Path::new("")).to_owned(),
            is_shipped: shipped.contains(&text_of(&package["id"])),
        });
    }
    Ok(all)
}

/// Returns the ids of all crates that the two programs reach by ordinary dependencies.
fn shipped_crates(metadata: &Value) -> BTreeSet<String> {
    let edges: BTreeMap<String, Vec<String>> = rows(&metadata["resolve"]["nodes"])
        .map(|node| {
            let used = rows(&node["deps"])
                .filter(|used| rows(&used["dep_kinds"]).any(|kind| kind["kind"].is_null()))
                .map(|used| text_of(&used["pkg"]));
            (text_of(&node["id"]), used.collect())
        })
        .collect();
    let is_program = |name: &str| ["binnacle", "binnacle-cli"].contains(&name);
    let mut open: Vec<String> = rows(&metadata["packages"])
        .filter(|package| package["name"].as_str().is_some_and(is_program))
        .map(|package| text_of(&package["id"]))
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id.clone()) {
            open.extend(edges.get(&id).into_iter().flatten().cloned());
        }
    }
    reached
}

/// Reads the console's packages from its lock file and its installed packages.
fn console_packages(ui: &Path) -> anyhow::Result<BTreeSet<Package>> {
    let text = fs::read_to_string(ui.join("package-lock.json"))?;
    let lock: Value = serde_json::from_str(&text).context("package-lock.json is not JSON")?;
    let mut all = BTreeSet::new();
    for (path, package) in lock["packages"].as_object().into_iter().flatten() {
        let folder = ui.join(path);
        // Packages for other platforms are in the lock file and not installed.
        if path.is_empty() || !folder.exists() {
            continue;
        }
        let name = path.rsplit_once("node_modules/").map_or(path.as_str(), |(_, name)| name);
        let undeclared = UNDECLARED.iter().find(|(package, _)| *package == name);
        all.insert(Package {
            name: name.to_owned(),
            version: text_of(&package["version"]),
            licence: undeclared
                .map_or_else(|| text_of(&package["license"]), |(_, licence)| (*licence).to_owned()),
            folder,
            is_shipped: package["dev"] != Value::Bool(true),
        });
    }
    Ok(all)
}

/// Reads the files of a package that hold its licence, without its path.
fn licence_texts(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_licence =
            ["LICEN", "COPYING", "UNLICENSE", "NOTICE"].iter().any(|start| name.starts_with(start));
        if is_licence && entry.file_type()?.is_file() {
            texts.push(String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n"));
        }
    }
    Ok(texts)
}

fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_expressions_that_accepted_licences_meet_pass() {
        for accepted in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "Apache-2.0 WITH LLVM-exception"] {
            assert!(is_accepted(accepted), "{accepted}");
        }
        for refused in ["", "GPL-3.0-only", "MIT AND GPL-2.0-only", "LGPL-2.1-or-later", "not a licence"] {
            assert!(!is_accepted(refused), "{refused}");
        }
    }

    #[test]
    fn only_ordinary_dependencies_of_the_programs_are_shipped() {
        let metadata = serde_json::json!({
            "packages": [{"id": "cli", "name": "binnacle-cli"}, {"id": "tests", "name": "tests"}],
            "resolve": {"nodes": [
                {"id": "cli", "deps": [
                    {"pkg": "used", "dep_kinds": [{"kind": null}]},
                    {"pkg": "tried", "dep_kinds": [{"kind": "dev"}]},
                ]},
                {"id": "used", "deps": [{"pkg": "below", "dep_kinds": [{"kind": null}]}]},
                {"id": "tests", "deps": [{"pkg": "other", "dep_kinds": [{"kind": null}]}]},
            ]},
        });
        let shipped: Vec<String> = shipped_crates(&metadata).into_iter().collect();
        assert_eq!(shipped, ["below", "cli", "used"]);
    }
}
