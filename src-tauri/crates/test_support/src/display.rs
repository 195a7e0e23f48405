//! A desktop of its own for tests: a display without a screen (Xvfb), a session bus, a notification service (dunst)
//! and a tray. Nothing of the desktop of whoever runs the tests is touched.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

pub use crate::screen::Place;
use crate::{
    screen::{close_window, pixels, place_window, shown_window, type_into, window_place},
    tray::Tray,
};

/// How long anything on the desktop may take that will happen; generous, test machines are busy.
pub const PATIENCE: Duration = Duration::from_secs(120);
const GLANCE: Duration = Duration::from_millis(50);

/// Asks `condition` again and again until it holds; `what` is told when it never does.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    loop {
        let last = condition();
        if matches!(last, Ok(true)) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            last.with_context(|| format!("waited in vain: {what}"))?;
            bail!("waited in vain: {what}");
        }
        std::thread::sleep(GLANCE);
    }
}

/// A process that is ended with the test.
#[derive(Debug)]
pub struct Started(pub Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A desktop; its processes end and its folders go when it is dropped.
#[derive(Debug)]
pub struct Desktop {
    display: String,
    bus: String,
    tray: Tray,
    // In the order they are to be ended.
    _notifications: Started,
    _bus: Started,
    _screen: Started,
    home: TempDir,
}

impl Desktop {
    /// Starts a desktop whose screen has this many pixels.
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
        wait_until("dunst answers", || Ok(desktop.displayed_notifications().is_ok()))?;
        Ok(desktop)
    }

    /// A command on this desktop, with folders for data, settings and caches of its own.
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
        // The locale of a bare machine, which some libraries take badly.
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// A folder for what the test makes; it goes with the desktop.
    pub fn scratch(&self) -> &Path {
        self.home.path()
    }

    /// The tray.
    pub fn tray(&self) -> &Tray {
        &self.tray
    }

    /// How many notifications are on the screen.
    pub fn displayed_notifications(&self) -> Result<u32> {
        Ok(self.dunstctl(&["count", "displayed"])?.trim().parse()?)
    }

    /// Titles and bodies of all notifications, latest first. Those on the screen are closed by it.
    pub fn notifications(&self) -> Result<Vec<(String, String)>> {
        self.dunstctl(&["close-all"])?;
        let history: serde_json::Value = serde_json::from_str(&self.dunstctl(&["history"])?)?;
        let entries = history["data"][0].as_array().context("dunst's history has another form")?;
        let text =
            |entry: &serde_json::Value, key: &str| entry[key]["data"].as_str().unwrap_or_default().to_owned();
        Ok(entries.iter().map(|entry| (text(entry, "summary"), text(entry, "body"))).collect())
    }

    fn dunstctl(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command("dunstctl").args(arguments).output().context("dunstctl")?;
        ensure!(output.status.success(), "dunstctl: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Whether a window with this title is shown.
    pub fn shows_window(&self, title: &str) -> Result<bool> {
        Ok(shown_window(&self.display, title)?.is_some())
    }

    /// Asks a window to close, as the cross in its corner does.
    pub fn close_window(&self, title: &str) -> Result<()> {
        close_window(&self.display, title)
    }

    /// Where a window is.
    pub fn window_place(&self, title: &str) -> Result<Place> {
        window_place(&self.display, title)
    }

    /// Moves and resizes a window.
    pub fn place_window(&self, title: &str, place: Place) -> Result<()> {
        place_window(&self.display, title, place)
    }

    /// Types into a window, as the keyboard does: characters of an English keyboard, `\n` is the Enter key.
    pub fn type_into(&self, title: &str, text: &str) -> Result<()> {
        type_into(&self.display, title, text)
    }

    /// The pixels of a window, row by row (blue, green, red, unused); none while it is not shown.
    pub fn pixels(&self, title: &str) -> Result<Option<Vec<[u8; 4]>>> {
        pixels(&self.display, title)
    }
}

/// Starts a program that says one line about itself when it is ready.
fn started_with_line(command: &mut Command) -> Result<(Started, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut started = Started(spawned.with_context(|| name.clone())?);
    let mut line = String::new();
    let output = started.0.stdout.take().context("it has no output")?;
    BufReader::new(output).read_line(&mut line)?;
    ensure!(!line.trim().is_empty(), "{name} ended at once");
    Ok((started, line.trim().to_owned()))
}
