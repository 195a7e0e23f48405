//! The package: built, installed, started and removed as a user does.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use test_support::{
    display::{Desktop, Started},
    engine_process,
    wait::wait_until_blocking,
};

/// Makes a package of the programs beside this test and returns its path.
fn build() -> Result<PathBuf> {
    let xtask = engine_process::program()?.with_file_name("xtask");
    let text = output(Command::new(xtask).args(["package", "--debug", "--built"]))?;
    let built = text.lines().find_map(|line| line.strip_prefix("built "));
    Ok(built.with_context(|| format!("no package: {text}"))?.into())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{command:?}: {errors}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Returns a command that runs as root, if this user can become root without a password.
fn as_root(program: &str) -> Option<Command> {
    let run = |program: &str, argument: &str| {
        Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()
    };
    if run("id", "-u").is_some_and(|id| id.stdout.trim_ascii() == b"0") {
        return Some(Command::new(program));
    }
    let sudo = Command::new("sudo").args(["-n", "true"]).stderr(Stdio::null()).status();
    sudo.is_ok_and(|status| status.success()).then(|| {
        let mut command = Command::new("sudo");
        command.args(["-n", program]);
        command
    })
}

/// A guard that removes the package, also when the test fails.
struct Installed;

impl Drop for Installed {
    fn drop(&mut self) {
        // After a test that passed there is nothing to remove.
        let _ = remove();
    }
}

fn remove() -> Result<String> {
    let mut apt = as_root("apt-get").context("not root")?;
    output(apt.args(["remove", "-y", "-qq", "binnacle"]).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Returns the files of the installed package.
fn installed_files() -> Result<BTreeSet<PathBuf>> {
    let list = output(Command::new("dpkg").args(["-L", "binnacle"]))?;
    Ok(list.lines().map(PathBuf::from).filter(|path| path.is_file()).collect())
}

#[test]
fn the_package_installs_starts_and_is_removed_without_a_trace() -> Result<()> {
    let Some(mut apt) = as_root("apt-get") else {
        println!("skipped: installing needs root or sudo without a password");
        return Ok(());
    };
    let was_there = Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", "binnacle"]).output();
    if was_there.is_ok_and(|output| output.stdout == b"installed") {
        println!("skipped: Binnacle is installed here, and this test would remove it");
        return Ok(());
    }
    let package = build()?;
    let _installed = Installed;
    output(
        apt.args(["install", "-y", "-qq", "--no-install-recommends", "--reinstall"])
            .arg(&package)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )?;
    let files = installed_files()?;
    for file in [
        "/usr/bin/binnacle",
        "/usr/bin/binnacle-cli",
        "/usr/lib/binnacle/libduckdb.so",
        "/usr/share/applications/binnacle.desktop",
        "/usr/share/icons/hicolor/128x128/apps/binnacle.png",
        "/usr/share/doc/binnacle/copyright",
        "/usr/share/bash-completion/completions/binnacle-cli",
        "/usr/share/zsh/vendor-completions/_binnacle-cli",
        "/usr/share/fish/vendor_completions.d/binnacle-cli.fish",
        "/usr/share/man/man1/binnacle-cli.1.gz",
        "/usr/share/man/man1/binnacle-cli-serve.1.gz",
    ] {
        ensure!(files.contains(Path::new(file)), "{file} is not in the package: {files:?}");
    }
    let entry = Path::new("/usr/share/applications/binnacle.desktop");
    output(Command::new("desktop-file-validate").arg(entry))?;

    let desktop = Desktop::start(1280, 800)?;
    let data = desktop.scratch().join("binnacle");
    fs::create_dir(&data)?;
    let listen = "[listen]\notlp_grpc = \"127.0.0.1:0\"\notlp_http = \"127.0.0.1:0\"\nremote_write = \"127.0.0.1:0\"\nstatsd = \"127.0.0.1:0\"\nweb = \"127.0.0.1:0\"\n";
    fs::write(data.join("settings.toml"), listen)?;
    serves(&data)?;
    opens_a_window(&desktop, entry, &data)?;

    let before: BTreeSet<_> = fs::read_dir(&data)?.flatten().map(|entry| entry.path()).collect();
    remove()?;
    let left: Vec<&PathBuf> = files.iter().filter(|path| path.exists()).collect();
    ensure!(left.is_empty(), "left behind: {left:?}");
    ensure!(!Path::new("/usr/lib/binnacle").exists() && !Path::new("/usr/share/doc/binnacle").exists());
    let after: BTreeSet<_> = fs::read_dir(&data)?.flatten().map(|entry| entry.path()).collect();
    ensure!(before == after && data.join("binnacle.duckdb").exists(), "the user's data were touched");
    Ok(())
}

/// Checks that the installed program serves without the build folder.
fn serves(data: &Path) -> Result<()> {
    let mut serve = Command::new("/usr/bin/binnacle-cli");
    serve.env_clear().current_dir("/").arg("--data").arg(data).arg("serve");
    let mut serve = Started(serve.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?);
    let mut ready = String::new();
    BufReader::new(serve.0.stdout.take().context("no output")?).read_line(&mut ready)?;
    ensure!(ready.starts_with("ready http://127.0.0.1:"), "{ready:?}");
    let mut status = Command::new("/usr/bin/binnacle-cli");
    let text = output(status.env_clear().current_dir("/").arg("--data").arg(data).arg("status"))?;
    ensure!(!text.trim().is_empty());
    output(Command::new("kill").args(["-TERM", &serve.0.id().to_string()]))?;
    ensure!(serve.0.wait()?.success());
    Ok(())
}

/// Checks that the menu entry opens a window.
fn opens_a_window(desktop: &Desktop, entry: &Path, data: &Path) -> Result<()> {
    let text = fs::read_to_string(entry)?;
    let program = text.lines().find_map(|line| line.strip_prefix("Exec=")).context("no Exec")?;
    let mut window = desktop.command(program);
    window.current_dir("/").env("BINNACLE_DATA_DIR", data).env_remove("LD_LIBRARY_PATH");
    let mut window = Started(window.spawn()?);
    wait_until_blocking("the window is shown", || desktop.shows_window("Binnacle"))?;
    output(Command::new("kill").args(["-TERM", &window.0.id().to_string()]))?;
    ensure!(window.0.wait()?.success());
    Ok(())
}
