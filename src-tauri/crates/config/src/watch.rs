//! Noticing that the settings file changed.
//!
//! The file is looked at instead of asking the system to tell: it lies in the folder of the database, whose every
//! write would be told of as well, and a look finds what links, network folders and folders made anew come to.

use std::{
    fs::{self, Metadata},
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::watch;

use crate::{Settings, SettingsError, file, parse};

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// An editor writes a file in several steps; the file is read once it was left alone this long.
const QUIET: Duration = Duration::from_millis(150);
/// A file that never comes to rest is read all the same after this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Keeps a settings file watched until it is dropped.
#[derive(Debug)]
pub struct SettingsWatcher {
    // The thread ends when this is gone.
    _running: Sender<()>,
}

/// Watches a settings file. The receiver holds what the file says now and gets a new value after each change
/// of its text, within a second unless it is written again and again; a file that is gone, or that is not valid,
/// comes as an error, and watching goes on. Blocks for the first read.
pub fn watch(path: &Path) -> (SettingsWatcher, watch::Receiver<Result<Settings, SettingsError>>) {
    let (running, ended) = mpsc::channel();
    let seen = look(path);
    let text = file::read_text(path);
    let (sender, receiver) = watch::channel(text.clone().and_then(|text| parse(&text)));
    let follower = Follower { path: path.to_owned(), seen, text, sender };
    let spawned = thread::Builder::new().name("settings".to_owned()).spawn(move || follower.run(&ended));
    if let Err(error) = spawned {
        tracing::warn!(%error, "changes of the settings file will not be noticed");
    }
    (SettingsWatcher { _running: running }, receiver)
}

/// What tells one version of a file from the next without reading it: when it was changed, its bytes, and the file
/// it is, which is another one after a rename.
type Look = (SystemTime, u64, [i64; 3]);

fn look(path: &Path) -> Option<Look> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), identity(&metadata)))
}

/// The number of the file and the time of its last change of any kind, which nobody can set back.
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
    seen: Option<Look>,
    text: Result<String, SettingsError>,
    sender: watch::Sender<Result<Settings, SettingsError>>,
}

impl Follower {
    fn run(mut self, ended: &Receiver<()>) {
        while passes(LOOK_EVERY, ended) {
            if look(&self.path) == self.seen {
                continue;
            }
            if !self.comes_to_rest(ended) {
                return;
            }
            let text = file::read_text(&self.path);
            if text != self.text {
                self.text.clone_from(&text);
                // The value that is replaced was seen or is out of date.
                drop(self.sender.send_replace(text.and_then(|text| parse(&text))));
            }
        }
    }

    /// Waits until the file was left alone for a while; false if watching ended meanwhile.
    fn comes_to_rest(&mut self, ended: &Receiver<()>) -> bool {
        let began = Instant::now();
        loop {
            self.seen = look(&self.path);
            if !passes(QUIET, ended) {
                return false;
            }
            if look(&self.path) == self.seen || began.elapsed() >= LONGEST_WAIT {
                return true;
            }
        }
    }
}

/// Waits; false if watching ended meanwhile.
fn passes(time: Duration, ended: &Receiver<()>) -> bool {
    matches!(ended.recv_timeout(time), Err(RecvTimeoutError::Timeout))
}
