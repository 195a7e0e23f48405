//! Polling of the settings file for changes.
//!
//! File system events are not used: the file is in the folder of the database, and every write of
//! the database would be an event. A poll also sees changes behind links and on network file
//! systems.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, SystemTime},
};

use runtime::Clock;
use tokio::sync::watch;

use crate::{Settings, SettingsError, file, parse};

/// Time between two polls.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Time without a change before the file is read, since an editor writes it in several steps.
const QUIET: Duration = Duration::from_millis(150);
/// Time after which a file that keeps changing is read all the same.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// A guard that polls the settings file until it is dropped.
#[derive(Debug)]
pub struct SettingsWatcher {
    // The thread ends when this is dropped.
    _running: Sender<()>,
}

/// Watches the settings file at `path`.
///
/// The receiver holds the current settings and gets a new value within a second after each change
/// of the text. A missing or invalid file is an error, and watching goes on. Blocks for the first
/// read.
pub fn watch(path: &Path) -> (SettingsWatcher, watch::Receiver<Result<Settings, SettingsError>>) {
    let (running, ended) = mpsc::channel();
    let seen = version(path);
    let text = file::read_text(path);
    let (sender, receiver) = watch::channel(text.clone().and_then(|text| parse(&text)));
    let follower = Follower { path: path.to_owned(), seen, text, sender };
    let spawned = thread::Builder::new().name("settings".to_owned()).spawn(move || follower.run(&ended));
    if let Err(error) = spawned {
        tracing::warn!(%error, "cannot watch the settings file, its changes apply after a restart");
    }
    (SettingsWatcher { _running: running }, receiver)
}

/// The version of a file without its contents: time of modification, size and identity. A rename
/// over the file changes the identity.
type Version = (SystemTime, u64, [i64; 3]);

fn version(path: &Path) -> Option<Version> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), identity(&metadata)))
}

/// Returns the inode and the time of its last change, which programs cannot set back.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> [i64; 3] {
    use std::os::unix::fs::MetadataExt;
    [metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> [i64; 3] {
    [0; 3]
}

struct Follower {
    path: PathBuf,
    seen: Option<Version>,
    text: Result<String, SettingsError>,
    sender: watch::Sender<Result<Settings, SettingsError>>,
}

impl Follower {
    fn run(mut self, ended: &Receiver<()>) {
        while passes(POLL_INTERVAL, ended) {
            if version(&self.path) == self.seen {
                continue;
            }
            if !self.settles(ended) {
                return;
            }
            let text = file::read_text(&self.path);
            if text != self.text {
                let is_emptied = file::is_blank(&text) && !file::is_blank(&self.text);
                self.text.clone_from(&text);
                let read = if is_emptied { Err(file::emptied()) } else { text.and_then(|text| parse(&text)) };
                // The replaced value was seen or is out of date.
                drop(self.sender.send_replace(read));
            }
        }
    }

    /// Waits until the file does not change for [`QUIET`]. Returns false if watching ended
    /// meanwhile.
    fn settles(&mut self, ended: &Receiver<()>) -> bool {
        let clock = Clock::system();
        let began = clock.instant();
        loop {
            self.seen = version(&self.path);
            if !passes(QUIET, ended) {
                return false;
            }
            if version(&self.path) == self.seen || clock.instant() - began >= MAX_WAIT {
                return true;
            }
        }
    }
}

/// Waits for `time`. Returns false if watching ended meanwhile.
fn passes(time: Duration, ended: &Receiver<()>) -> bool {
    matches!(ended.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}
