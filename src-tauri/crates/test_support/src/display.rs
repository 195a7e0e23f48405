//! An isolated desktop for tests: a virtual display (Xvfb), a session bus, a notification service
//! (dunst) and a tray. The desktop of the user who runs the tests is not touched.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

pub use crate::screen::Geometry;
use crate::{
    screen::{close_window, move_window, pixels, shown_window, type_into, window_geometry},
    tray::Tray,
    wait::wait_until_blocking,
};

/// A process that is killed when dropped.
#[derive(Debug)]
pub struct Started(pub Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running desktop. Dropping it ends its processes and removes its folders.
#[derive(Debug)]
pub struct Desktop {
    display: String,
    bus: String,
    tray: Tray,
    // In the order in which they end.
    _notifications: Started,
    _bus: Started,
    _screen: Started,
    home: TempDir,
}

impl Desktop {
    /// Starts a desktop with a screen of this size in pixels.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let home = tempfile::Builder::new().prefix("binnacle-desktop-").tempdir()?;
        for folder in ["data", "config", "cache", "run"] {
            fs::create_dir(home.path().join(folder))?;
        }
        let size = format!("{width}x{height}x24");
        let mut screen = Command::new("Xvfb");
        screen.args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp"]);
        let (screen, number) = started_with_line(&mut screen)?;
        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--print-address=1"]);
        let (bus, address) = started_with_line(&mut bus)?;
        let display = format!(":{number}");
        let mut notifications = Command::new("dunst");
        notifications.env("DISPLAY", &display).env("DBUS_SESSION_BUS_ADDRESS", &address);
        let notifications = Started(notifications.stderr(Stdio::null()).spawn().context("dunst")?);
        let tray = Tray::start(&address)?;
        let desktop = Self {
            display,
            bus: address,
            tray,
            _notifications: notifications,
            _bus: bus,
            _screen: screen,
            home,
        };
        wait_until_blocking("dunst answers", || Ok(desktop.displayed_notifications().is_ok()))?;
        Ok(desktop)
    }

    /// Returns a command that runs on this desktop, with its folders for data, settings and caches.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", &self.display).env("DBUS_SESSION_BUS_ADDRESS", &self.bus);
        for (name, folder) in [
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(name, self.home.path().join(folder));
        }
        for name in ["WAYLAND_DISPLAY", "RUST_LOG", "BINNACLE_DATA_DIR"] {
            command.env_remove(name);
        }
        // The locale of a minimal machine, which some libraries do not handle.
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Returns a folder for files of the test, removed with the desktop.
    pub fn scratch(&self) -> &Path {
        self.home.path()
    }

    /// Returns the tray.
    pub fn tray(&self) -> &Tray {
        &self.tray
    }

    /// Counts the notifications on the screen.
    pub fn displayed_notifications(&self) -> Result<u32> {
        Ok(self.dunstctl(&["count", "displayed"])?.trim().parse()?)
    }

    /// Closes the shown notifications and returns titles and bodies of all, latest first.
    pub fn notifications(&self) -> Result<Vec<(String, String)>> {
        self.dunstctl(&["close-all"])?;
        let history: serde_json::Value = serde_json::from_str(&self.dunstctl(&["history"])?)?;
        let entries = history["data"][0].as_array().context("unexpected form of dunst's history")?;
        let text =
            |entry: &serde_json::Value, key: &str| entry[key]["data"].as_str().unwrap_or_default().to_owned();
        Ok(entries.iter().map(|entry| (text(entry, "summary"), text(entry, "body"))).collect())
    }

    fn dunstctl(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command("dunstctl").args(arguments).output().context("dunstctl")?;
        ensure!(output.status.success(), "dunstctl: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Returns true if a window with this title is shown.
    pub fn shows_window(&self, title: &str) -> Result<bool> {
        Ok(shown_window(&self.display, title)?.is_some())
    }

    /// Sends a close request to a window, as its close button does.
    pub fn close_window(&self, title: &str) -> Result<()> {
        close_window(&self.display, title)
    }

    /// Returns position and size of a window.
    pub fn window_geometry(&self, title: &str) -> Result<Geometry> {
        window_geometry(&self.display, title)
    }

    /// Moves and resizes a window.
    pub fn move_window(&self, title: &str, geometry: Geometry) -> Result<()> {
        move_window(&self.display, title, geometry)
    }

    /// Types into a window through the keyboard: characters of an English layout, `\n` is Enter.
    pub fn type_into(&self, title: &str, text: &str) -> Result<()> {
        type_into(&self.display, title, text)
    }

    /// Returns the pixels of a window, row by row (blue, green, red, unused), or none while it is
    /// not shown.
    pub fn pixels(&self, title: &str) -> Result<Option<Vec<[u8; 4]>>> {
        pixels(&self.display, title)
    }
}

/// Starts a program that prints one line when it is ready, and returns that line.
fn started_with_line(command: &mut Command) -> Result<(Started, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut started = Started(spawned.with_context(|| name.clone())?);
    let mut line = String::new();
    let output = started.0.stdout.take().context("no standard output")?;
    BufReader::new(output).read_line(&mut line)?;
    ensure!(!line.trim().is_empty(), "{name} ended at once");
    Ok((started, line.trim().to_owned()))
}
