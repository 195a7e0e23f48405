//! How far each organization was asked, kept across restarts: one small file a feed.

use std::{
    collections::BTreeMap,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use config::SentryFeed;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::windows::Window;

/// How far one organization was asked for one feed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Everything before is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) done: Option<Timestamp>,
    /// What is being asked for: noted before the question, so that it is cut the same way after a crash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pending: Option<Window>,
    /// A list that is being walked through page by page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) walk: Option<Walk>,
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
    organizations: BTreeMap<String, Progress>,
}

impl Positions {
    /// Reads what is kept in `folder`; a file that cannot be read counts as none, with a warning. Blocks.
    pub(crate) fn load(folder: &Path, settings: &config::Sentry, feed: SentryFeed) -> Self {
        let source = xxh3_64(format!("{}\n{}", settings.name, settings.url).as_bytes());
        let path = folder.join(format!("sentry-{source:016x}-{}.json", feed.name()));
        let organizations = match read(&path) {
            Ok(kept) => kept,
            Err(problem) => {
                let problem = problem.to_string();
                report_loss(&path, &problem);
                BTreeMap::new()
            }
        };
        Self { path, organizations }
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
        tokio::task::spawn_blocking(move || write(&path, &kept))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("{place}: {error}"))
    }
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
    let beside = path.with_extension("new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&beside, path)
}
