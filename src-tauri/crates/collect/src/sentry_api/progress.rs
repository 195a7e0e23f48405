//! How far each organization was asked, kept across restarts: one small file a feed.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use config::SentryFeed;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use xxhash_rust::xxh3::xxh3_64;

use super::windows::{LATE, Window};

/// Ending of a file that is being written.
const UNFINISHED: &str = "new";
/// Stretches that wait to be asked for once more; of more the oldest are left as they are.
const MOST_AGAIN: usize = 60;

/// How far one organization was asked for one feed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Everything before is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) done: Option<Timestamp>,
    /// What is being asked for: noted before the question, so that it is cut the same way after a crash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Window>,
    /// What is asked for once more when events may have come late, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) again: VecDeque<Window>,
    /// A list that is being walked through page by page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) walk: Option<Walk>,
}

impl Progress {
    /// Notes that `window` is stored. If it has only just closed by the installation's clock it is asked for once more.
    pub(crate) fn stored(&mut self, window: Window, now: Timestamp) {
        (self.done, self.pending) = (Some(window.end), None);
        if now.since(window.end) < LATE {
            self.again.push_back(window);
        }
        while self.again.len() > MOST_AGAIN {
            self.again.pop_front();
        }
    }

    /// The stretch that it is time to ask for once more.
    pub(crate) fn late(&self, now: Timestamp) -> Option<Window> {
        self.again.front().copied().filter(|window| now.since(window.end) >= LATE)
    }
}

/// How far a long list was walked through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// When the walk began.
    pub(crate) began: Timestamp,
    /// The page to ask for next.
    pub(crate) cursor: String,
    /// What was counted so far: by project, then by level.
    pub(crate) counts: BTreeMap<String, BTreeMap<String, u64>>,
}

/// The progress of one feed of one installation, by organization.
#[derive(Debug)]
pub(crate) struct Positions {
    path: PathBuf,
    writing: Arc<Mutex<()>>,
    organizations: BTreeMap<String, Progress>,
}

impl Positions {
    /// Reads what is kept in `folder`; a file that cannot be read counts as none, with a warning. `writing` is held while
    /// it is written. Blocks.
    pub(crate) fn load(
        folder: &Path,
        settings: &config::Sentry,
        feed: SentryFeed,
        writing: Arc<Mutex<()>>,
    ) -> Self {
        let path = place(folder, settings, feed);
        let organizations = match read(&path) {
            Ok(kept) => kept,
            Err(problem) => {
                let problem = problem.to_string();
                report_loss(&path, &problem);
                BTreeMap::new()
            }
        };
        Self { path, writing, organizations }
    }

    /// The progress of an organization.
    pub(crate) fn of(&mut self, organization: &str) -> &mut Progress {
        self.organizations.entry(organization.to_owned()).or_default()
    }

    /// Keeps everything as it is now, in one step.
    pub(crate) async fn save(&self) -> Result<(), String> {
        let (path, kept) = (self.path.clone(), serde_json::to_vec(&self.organizations));
        let kept = kept.map_err(|error| error.to_string())?;
        let place = path.display().to_string();
        let writing = self.writing.clone().lock_owned().await;
        let write = move || {
            let _writing = writing;
            write(&path, &kept)
        };
        tokio::task::spawn_blocking(write)
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("{place}: {error}"))
    }
}

fn place(folder: &Path, settings: &config::Sentry, feed: SentryFeed) -> PathBuf {
    let source = xxh3_64(format!("{}\n{}", settings.name, settings.url).as_bytes());
    folder.join(format!("sentry-{source:016x}-{}.json", feed.name()))
}

/// Forgets how far the installation of `settings` was asked, for when it is not asked any more. Blocks.
pub fn forget_sentry(settings: &config::Sentry, state_folder: &Path) -> io::Result<()> {
    for feed in SentryFeed::ALL {
        let path = place(state_folder, settings, feed);
        for path in [path.with_extension(UNFINISHED), path] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

fn report_loss(path: &Path, problem: &str) {
    tracing::warn!(path = %path.display(), problem, "how far Sentry was asked is not known any more");
}

fn read(path: &Path) -> io::Result<BTreeMap<String, Progress>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(UNFINISHED);
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&beside, path)
}
