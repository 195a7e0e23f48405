//! System packages: found missing, named, installed.

use std::{path::Path, process::Command};

use anyhow::{Context as _, bail};

use crate::process::{check, is_installed, say};

/// The purpose of a set of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building and running.
    Run,
    /// Also testing: servers (dnsmasq-base has no service), browser, drivers, a display, a
    /// notification daemon.
    Test,
    /// Also measuring: the rivals.
    Bench,
}

/// The tray's library. The program opens it at its start, so that it is not among the linked ones.
pub(crate) const OPENED_AT_RUN_TIME: &str = "libayatana-appindicator3-1";

const RUN: &[&str] =
    &["build-essential", "ca-certificates", OPENED_AT_RUN_TIME, "libwebkit2gtk-4.1-dev", "pkg-config"];

const TEST: &[&str] = &[
    "chromium",
    "dbus",
    "desktop-file-utils",
    "dnsmasq-base",
    "dpkg-dev",
    "dunst",
    "faketime",
    "fonts-dejavu-core",
    "nginx-light",
    "openssl",
    "postgresql",
    "prometheus",
    "prometheus-node-exporter",
    "python3",
    "python3-venv",
    "redis-server",
    "webkit2gtk-driver",
    "xvfb",
];

const BENCH: &[&str] = &["victoria-metrics"];

/// Services that Debian starts with a package. The tests start servers of their own.
const SERVICES: &[(&str, &str)] = &[
    ("nginx-light", "nginx"),
    ("postgresql", "postgresql"),
    ("prometheus", "prometheus"),
    ("prometheus-node-exporter", "prometheus-node-exporter"),
    ("redis-server", "redis-server"),
    ("victoria-metrics", "victoria-metrics"),
];

/// Installs what is missing for `purpose`.
pub(crate) fn install(purpose: Purpose) -> anyhow::Result<()> {
    for (program, hint) in [("node", "Node.js 20 or newer"), ("npm", "npm (it comes with Node.js)")] {
        if !is_installed(program) && !is_installed(&format!("{program}.cmd")) {
            bail!("{program} is not installed; install {hint} and call this again");
        }
    }
    if cfg!(target_os = "macos") {
        say("on macOS the system brings all that is needed; if building fails, run: xcode-select --install");
        return Ok(());
    }
    if cfg!(windows) {
        say("on Windows install the Visual Studio C++ build tools and WebView2, if they are missing");
        return Ok(());
    }
    let mut wanted = RUN.to_vec();
    if purpose != Purpose::Run {
        wanted.extend(TEST);
    }
    if purpose == Purpose::Bench {
        wanted.extend(BENCH);
    }
    if !is_installed("apt-get") || !is_installed("dpkg-query") {
        say(&format!(
            "this is not a Debian system; make sure it has what these packages hold: {}",
            wanted.join(" ")
        ));
        return Ok(());
    }
    let missing = missing(&wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    say(&format!("installing system packages: {}", missing.join(" ")));
    // Package lists of a new machine are absent or old, and installing from old lists fails.
    check(&mut privileged(&["apt-get", "update", "-qq"])?)
        .context("the package lists could not be brought up to date")?;
    let mut words = vec!["apt-get", "install", "-y", "-qq", "--no-install-recommends"];
    words.extend(missing.iter().map(String::as_str));
    check(&mut privileged(&words)?).context("the packages could not be installed")?;
    leave_stopped(&missing)
}

/// Stops and disables the services of packages just installed. Services that were there before are
/// left alone.
fn leave_stopped(installed: &[String]) -> anyhow::Result<()> {
    if !Path::new("/run/systemd/system").exists() {
        return Ok(());
    }
    let fresh = |package: &str| installed.iter().any(|name| name == package);
    let services: Vec<&str> =
        SERVICES.iter().filter(|(package, _)| fresh(package)).map(|(_, service)| *service).collect();
    if services.is_empty() {
        return Ok(());
    }
    say(&format!("stopping the services that came with them: {}", services.join(" ")));
    let mut words = vec!["systemctl", "disable", "--now", "--quiet"];
    words.extend(services);
    check(&mut privileged(&words)?).context("the services of the installed packages could not be stopped")
}

/// Returns the packages of `wanted` that are not installed.
fn missing(wanted: &[&str]) -> anyhow::Result<Vec<String>> {
    // The exit status is not zero when a package is unknown, which only means that it is missing.
    let output = Command::new("dpkg-query")
        .args(["-W", "-f=${Package} ${db:Status-Status}\n"])
        .args(wanted)
        .output()
        .context("cannot start dpkg-query")?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let installed: Vec<&str> = printed.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    Ok(wanted.iter().filter(|name| !installed.contains(name)).map(|name| (*name).to_owned()).collect())
}

/// Returns a command that runs as root, through sudo unless the user is root.
fn privileged(words: &[&str]) -> anyhow::Result<Command> {
    let is_root = crate::process::output(Command::new("id").arg("-u"))?.trim() == "0";
    let mut all = Vec::new();
    if !is_root {
        if !is_installed("sudo") {
            bail!("this needs root and there is no sudo; run as root: {}", words.join(" "));
        }
        all.push("sudo");
    }
    all.extend(["env", "DEBIAN_FRONTEND=noninteractive"]);
    all.extend(words);
    let mut command = Command::new(all[0]);
    command.args(&all[1..]);
    Ok(command)
}
