//! Noticing that the settings file changed.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant, SystemTime},
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

use crate::{Settings, SettingsError, file, parse};

/// An editor writes a file in several steps; the file is read once it was left alone this long.
const QUIET: Duration = Duration::from_millis(150);
/// A file that never comes to rest is read all the same after this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How often the file is looked at where no change is told: network folders, folders made anew, links.
const LOOK_EVERY: Duration = Duration::from_secs(2);

enum Message {
    Changed,
    Stop,
}

/// Keeps a settings file watched until it is dropped.
#[derive(Debug)]
pub struct SettingsWatcher {
    messages: Sender<Message>,
    // Told of changes only as long as it lives.
    _watcher: Option<RecommendedWatcher>,
}

impl Drop for SettingsWatcher {
    fn drop(&mut self) {
        // The thread may have ended already, which is what is wanted.
        let _ = self.messages.send(Message::Stop);
    }
}

/// Watches a settings file. The receiver holds what the file says now and gets a new value after each change
/// of its text, within a second or two; a file that is gone, or that is not valid, comes as an error, and
/// watching goes on. Blocks for the first read.
pub fn watch(path: &Path) -> (SettingsWatcher, watch::Receiver<Result<Settings, SettingsError>>) {
    let (messages, inbox) = mpsc::channel();
    let watcher = watch_folder(path, messages.clone());
    let seen = look(path);
    let text = file::read_text(path);
    let (sender, receiver) = watch::channel(text.clone().and_then(|text| parse(&text)));
    let follower = Follower { path: path.to_owned(), seen, text, sender };
    let spawned = thread::Builder::new().name("settings".to_owned()).spawn(move || follower.run(&inbox));
    if let Err(error) = spawned {
        tracing::warn!(%error, "changes of the settings file will not be noticed");
    }
    (SettingsWatcher { messages, _watcher: watcher }, receiver)
}

/// Watches the folder, because editors replace files instead of writing into them.
fn watch_folder(path: &Path, messages: Sender<Message>) -> Option<RecommendedWatcher> {
    let name = path.file_name()?.to_owned();
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let handler = move |event: notify::Result<notify::Event>| {
        let concerns_file = event.is_ok_and(|event| {
            !matches!(event.kind, EventKind::Access(_))
                && event.paths.iter().any(|changed| changed.file_name() == Some(&name))
        });
        if concerns_file {
            // The receiver goes only when watching ends.
            let _ = messages.send(Message::Changed);
        }
    };
    let started = notify::recommended_watcher(handler).and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    started
        .inspect_err(|error| tracing::warn!(%error, "the settings file is looked at every two seconds only"))
        .ok()
}

/// What tells one version of the file from the next without reading it.
fn look(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

struct Follower {
    path: PathBuf,
    seen: Option<(SystemTime, u64)>,
    text: Result<String, SettingsError>,
    sender: watch::Sender<Result<Settings, SettingsError>>,
}

impl Follower {
    fn run(mut self, inbox: &Receiver<Message>) {
        loop {
            match inbox.recv_timeout(LOOK_EVERY) {
                Ok(Message::Changed) => {
                    if !wait_for_quiet(inbox) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) if look(&self.path) != self.seen => {}
                Err(RecvTimeoutError::Timeout) => continue,
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.read();
        }
    }

    fn read(&mut self) {
        self.seen = look(&self.path);
        let text = file::read_text(&self.path);
        if text != self.text {
            self.text.clone_from(&text);
            // The value that is replaced was seen or is out of date.
            drop(self.sender.send_replace(text.and_then(|text| parse(&text))));
        }
    }
}

/// False if watching ended meanwhile.
fn wait_for_quiet(inbox: &Receiver<Message>) -> bool {
    let began = Instant::now();
    while began.elapsed() < LONGEST_WAIT {
        match inbox.recv_timeout(QUIET) {
            Ok(Message::Changed) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}
