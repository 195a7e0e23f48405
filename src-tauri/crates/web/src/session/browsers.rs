//! The keys of browsers. With its key, a page of the same browser returns without a new link.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use model::Timestamp;
use parking_lot::Mutex;
use runtime::{Clock, replace_private_file};
use serde::{Deserialize, Serialize};

use super::secret::{Secret, new_id};

/// Time without use after which a key ends.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(12 * 3600);
/// Maximum number of keys. The least recently used one gives way to a new one.
const MAX_BROWSERS: usize = 64;
/// Minimum time between two saved uses of one browser.
const SAVE_INTERVAL: Duration = Duration::from_secs(600);

/// The browsers that have opened the console, stored in a file of the data folder.
#[derive(Debug)]
pub(crate) struct Browsers {
    path: PathBuf,
    clock: Clock,
    known: Mutex<Vec<Browser>>,
    /// Orders the writes of the file.
    saving: Arc<tokio::sync::Mutex<()>>,
}

/// One browser at one address of the console.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Browser {
    id: String,
    key: Secret,
    host: String,
    last_used: Timestamp,
}

impl Browser {
    fn is_idle(&self, now: Timestamp) -> bool {
        now.0.saturating_sub(self.last_used.0) >= nanos(IDLE_TIMEOUT)
    }
}

impl Browsers {
    /// Reads the browsers from `path`. Without a usable file there are none.
    pub(crate) fn open(path: PathBuf, clock: Clock) -> Self {
        let known = match read(&path) {
            Ok(known) => known,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                tracing::warn!(
                    "cannot use {}: {error}; open pages of the console need a new link",
                    path.display()
                );
                Vec::new()
            }
        };
        Self { path, clock, known: Mutex::new(known), saving: Arc::default() }
    }

    /// Returns the key of a browser that may open the console at `host`.
    pub(crate) fn find(&self, id: &str, host: &str) -> Option<Secret> {
        let now = self.clock.now();
        let known = self.known.lock();
        let browser = known.iter().find(|browser| browser.id == id && browser.host == host)?;
        (!browser.is_idle(now)).then(|| browser.key.clone())
    }

    /// Adds a browser and returns its id.
    pub(crate) async fn add(&self, host: &str, key: Secret) -> String {
        let (id, now) = (new_id(), self.clock.now());
        {
            let mut known = self.known.lock();
            known.retain(|browser| !browser.is_idle(now));
            known.sort_by_key(|browser| browser.last_used);
            let surplus = (known.len() + 1).saturating_sub(MAX_BROWSERS);
            known.drain(..surplus);
            known.push(Browser { id: id.clone(), key, host: host.to_owned(), last_used: now });
        }
        self.save().await;
        id
    }

    /// Records a use of a browser.
    pub(crate) async fn touch(&self, id: &str) {
        let now = self.clock.now();
        {
            let mut known = self.known.lock();
            let Some(browser) = known.iter_mut().find(|browser| browser.id == id) else { return };
            if (0..nanos(SAVE_INTERVAL)).contains(&now.0.saturating_sub(browser.last_used.0)) {
                return;
            }
            browser.last_used = now;
        }
        self.save().await;
    }

    /// Writes the file. Without it, pages need a new link after a restart of the engine.
    async fn save(&self) {
        let _order = self.saving.lock().await;
        let bytes = serde_json::to_vec(&*self.known.lock()).unwrap_or_default();
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || replace_private_file(&path, &bytes)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!("cannot write {}: {error}", self.path.display());
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<Browser>> {
    let mut file = File::open(path)?;
    require_private(&file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(io::Error::other)
}

/// Fails if another user owns the file or may read or write it.
fn require_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    if metadata.mode() & 0o077 != 0 || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("other users can read or write it"));
    }
    Ok(())
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use runtime::ManualClock;

    use super::*;

    const HOST: &str = "127.0.0.1:7171";

    #[tokio::test]
    async fn a_browser_is_known_at_its_address_until_it_is_idle_for_12_hours() {
        let folder = tempfile::tempdir().unwrap();
        let time = ManualClock::new(Timestamp(0));
        let open = || Browsers::open(folder.path().join("browsers.json"), time.clock());
        let key = Secret::random();
        let id = open().add(HOST, key.clone()).await;
        assert_eq!(open().find(&id, HOST), Some(key));
        assert_eq!(open().find(&id, "127.0.0.1:7172"), None);
        assert_eq!(open().find("0", HOST), None);

        time.advance(IDLE_TIMEOUT - Duration::from_secs(1));
        let again = open();
        again.touch(&id).await;
        time.advance(Duration::from_secs(1));
        assert!(open().find(&id, HOST).is_some());
        time.advance(IDLE_TIMEOUT);
        assert_eq!(again.find(&id, HOST), None);
    }

    #[tokio::test]
    async fn the_least_recently_used_browser_gives_way() {
        let folder = tempfile::tempdir().unwrap();
        let time = ManualClock::new(Timestamp(0));
        let browsers = Browsers::open(folder.path().join("browsers.json"), time.clock());
        let mut ids = Vec::new();
        for _ in 0..MAX_BROWSERS {
            ids.push(browsers.add(HOST, Secret::random()).await);
            time.advance(Duration::from_secs(1));
        }
        time.advance(SAVE_INTERVAL);
        browsers.touch(&ids[0]).await;
        browsers.add(HOST, Secret::random()).await;
        assert!(browsers.find(&ids[0], HOST).is_some());
        assert_eq!(browsers.find(&ids[1], HOST), None);
        assert_eq!(browsers.known.lock().len(), MAX_BROWSERS);
    }

    #[tokio::test]
    async fn a_damaged_file_or_one_that_others_read_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("browsers.json");
        let open = || Browsers::open(path.clone(), Clock::system());
        let id = open().add(HOST, Secret::random()).await;
        assert!(open().find(&id, HOST).is_some());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(open().find(&id, HOST), None);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "[{").unwrap();
        assert_eq!(open().find(&id, HOST), None);
    }
}
