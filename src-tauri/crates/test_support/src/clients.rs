//! Clients in other languages: official SDKs and libraries, installed once beside the build.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result, ensure};

/// The language of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Python, in a virtual environment.
    Python,
    /// JavaScript on Node.
    JavaScript,
}

/// Returns the command that runs the client `script`, a file of its folder in `tests/clients`.
///
/// Installs the packages of `language` first unless they are installed. Blocks; safe to call from
/// several processes.
pub fn client(language: Language, script: &str) -> Result<Command> {
    match language {
        Language::Python => {
            let installed = install(language, "python", "requirements.txt", install_python)?;
            let mut command = Command::new(installed.join("venv/bin/python"));
            command.arg(sources("python").join(script));
            Ok(command)
        }
        Language::JavaScript => {
            let installed = install(language, "javascript", "package-lock.json", install_javascript)?;
            // Node loads packages beside the script. The rename protects running clients.
            static COPIES: AtomicU32 = AtomicU32::new(0);
            let number = COPIES.fetch_add(1, Ordering::Relaxed);
            let copy = installed.join(script);
            let fresh = installed.join(format!("{}-{number}-{script}", std::process::id()));
            fs::copy(sources("javascript").join(script), &fresh)?;
            fs::rename(&fresh, &copy)?;
            let mut command = Command::new("node");
            command.arg(copy);
            Ok(command)
        }
    }
}

fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/clients").join(folder)
}

/// Runs `steps` unless the folder was installed from the same `list` of packages before.
/// Returns the folder.
fn install(
    language: Language,
    folder: &str,
    list: &str,
    steps: impl FnOnce(&Path, &Path) -> Result<()>,
) -> Result<PathBuf> {
    let source = sources(folder);
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/test-clients").join(folder);
    fs::create_dir_all(&target)?;
    let target = target.canonicalize()?;
    let lock = File::create(target.join("lock"))?;
    lock.lock()?;
    let wanted = fs::read(source.join(list))?;
    let done = target.join("installed");
    if fs::read(&done).ok().as_ref() != Some(&wanted) {
        steps(&source, &target).with_context(|| format!("cannot install the {language:?} client"))?;
        fs::write(&done, &wanted)?;
    }
    Ok(target)
}

fn install_python(source: &Path, target: &Path) -> Result<()> {
    let environment = target.join("venv");
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(environment.join("bin/pip"));
    run(pip.args(["install", "--quiet", "--requirement"]).arg(source.join("requirements.txt")))
}

fn install_javascript(source: &Path, target: &Path) -> Result<()> {
    for file in ["package.json", "package-lock.json"] {
        fs::copy(source.join(file), target.join(file))?;
    }
    run(Command::new("npm").args(["ci", "--ignore-scripts"]).current_dir(target))
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
