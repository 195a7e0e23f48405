//! Checkpoints of the sync with Sentry, stored across restarts: one small file per feed.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use config::SentryFeed;
use model::Timestamp;
use runtime::replace_file;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use xxhash_rust::xxh3::xxh3_64;

use super::window::{LATE, Window};

/// Maximum number of windows to request again. Beyond it the oldest are not requested again.
const MAX_AGAIN: usize = 60;

/// The checkpoint of one organization and feed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// The end of the stored windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) done: Option<Timestamp>,
    /// The window under way. It is stored before its request, so that a crash does not change its
    /// bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Window>,
    /// Windows to request again because of late events, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) again: VecDeque<Window>,
    /// The walk through a list under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) walk: Option<Walk>,
}

impl Checkpoint {
    /// Records that `window` is stored. A window that closed recently by the installation's clock
    /// is requested again.
    pub(crate) fn stored(&mut self, window: Window, now: Timestamp) {
        (self.done, self.pending) = (Some(window.end), None);
        if now.since(window.end) < LATE {
            self.again.push_back(window);
        }
        while self.again.len() > MAX_AGAIN {
            self.again.pop_front();
        }
    }

    /// Returns the window to request again at `now`.
    pub(crate) fn late(&self, now: Timestamp) -> Option<Window> {
        self.again.front().copied().filter(|window| now.since(window.end) >= LATE)
    }
}

/// The position in a list of many pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// Start of the walk.
    pub(crate) began: Timestamp,
    /// Cursor of the next page.
    pub(crate) cursor: String,
    /// Counts so far, by project and level.
    pub(crate) counts: BTreeMap<String, BTreeMap<String, u64>>,
}

/// The checkpoints of one feed of one installation, by organization.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    path: PathBuf,
    writing: Arc<Mutex<()>>,
    organizations: BTreeMap<String, Checkpoint>,
}

impl Checkpoints {
    /// Reads the file in `folder`. An unreadable file counts as missing, with a warning. `writing`
    /// is locked during writes. Blocks.
    pub(crate) fn load(
        folder: &Path,
        settings: &config::Sentry,
        feed: SentryFeed,
        writing: Arc<Mutex<()>>,
    ) -> Self {
        let path = state_file(folder, settings, feed);
        let organizations = match read(&path) {
            Ok(organizations) => organizations,
            Err(problem) => {
                let problem = problem.to_string();
                report_loss(&path, &problem);
                BTreeMap::new()
            }
        };
        Self { path, writing, organizations }
    }

    /// Returns the checkpoint of an organization.
    pub(crate) fn of(&mut self, organization: &str) -> &mut Checkpoint {
        self.organizations.entry(organization.to_owned()).or_default()
    }

    /// Writes the file atomically.
    pub(crate) async fn save(&self) -> Result<(), String> {
        let (path, bytes) = (self.path.clone(), serde_json::to_vec(&self.organizations));
        let bytes = bytes.map_err(|error| error.to_string())?;
        let display = path.display().to_string();
        let writing = self.writing.clone().lock_owned().await;
        let write = move || {
            let _writing = writing;
            replace_file(&path, &bytes)
        };
        tokio::task::spawn_blocking(write)
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("{display}: {error}"))
    }
}

fn state_file(folder: &Path, settings: &config::Sentry, feed: SentryFeed) -> PathBuf {
    let source = xxh3_64(format!("{}\n{}", settings.name, settings.url).as_bytes());
    folder.join(format!("sentry-{source:016x}-{}.json", feed.name()))
}

/// Removes the checkpoints of a removed installation. Blocks.
pub fn forget_sentry(settings: &config::Sentry, state_folder: &Path) -> io::Result<()> {
    for feed in SentryFeed::ALL {
        match fs::remove_file(state_file(state_folder, settings, feed)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn report_loss(path: &Path, problem: &str) {
    tracing::warn!(path = %path.display(), problem, "checkpoint of the sentry sync is unreadable; the sync starts over");
}

fn read(path: &Path) -> io::Result<BTreeMap<String, Checkpoint>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}
