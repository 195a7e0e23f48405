//! The settings in force and their file.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use config::{Settings, SettingsError, SettingsWatcher};
use parking_lot::Mutex;
use tokio::sync::{OwnedMutexGuard, watch};

use crate::{EngineError, scrape_secrets::ScrapeSecrets};

/// The name of the copy of the last valid settings in the data folder.
const LAST_VALID: &str = "settings.last-valid.toml";

/// The settings in force: the last valid ones of the file. Clones share them.
#[derive(Debug, Clone)]
pub struct SettingsState {
    shared: Arc<Shared>,
    _watcher: Arc<SettingsWatcher>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// The file with a copy of the last valid settings.
    copy: PathBuf,
    in_force: watch::Sender<Settings>,
    error: Mutex<Option<SettingsError>>,
    desktop_notifications: Arc<AtomicBool>,
    file: watch::Sender<()>,
    edits: Arc<tokio::sync::Mutex<()>>,
    scrape_secrets: ScrapeSecrets,
}

impl Shared {
    fn set_error(&self, error: Option<SettingsError>) {
        *self.error.lock() = error;
    }

    /// Puts valid settings in force. Subscribers are notified if they differ from the previous
    /// ones.
    fn put_in_force(&self, settings: Settings) {
        self.set_error(None);
        self.desktop_notifications.store(settings.alerts.desktop_notifications, Ordering::Relaxed);
        self.in_force.send_if_modified(|current| {
            let changed = *current != settings;
            *current = settings;
            changed
        });
    }
}

impl SettingsState {
    /// Reads the file and begins to poll it. A missing file is created with the defaults. In place
    /// of an invalid one its last valid text is in force, which `data_folder` has a copy of.
    ///
    /// Blocks. Must be called inside a tokio runtime.
    pub(crate) fn open(path: &Path, data_folder: &Path) -> Result<Self, EngineError> {
        let copy = data_folder.join(LAST_VALID);
        let (first, error) = config::load_or_last_valid(path, &copy)?;
        if let Some(error) = &error {
            tracing::warn!(%error, "settings file is invalid, the last valid settings are in force");
        }
        let shared = Arc::new(Shared {
            path: path.to_owned(),
            copy,
            desktop_notifications: Arc::new(AtomicBool::new(first.alerts.desktop_notifications)),
            in_force: watch::Sender::new(first),
            error: Mutex::new(error),
            file: watch::Sender::new(()),
            edits: Arc::default(),
            scrape_secrets: ScrapeSecrets::new(data_folder),
        });
        let (watcher, mut changes) = config::watch(path);
        let followed = shared.clone();
        tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                let latest = changes.borrow_and_update().clone();
                match latest {
                    Ok(settings) => {
                        followed.put_in_force(settings);
                        let copied = followed.clone();
                        tokio::task::spawn_blocking(move || config::copy_valid(&copied.path, &copied.copy));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "settings file is invalid, previous settings stay in force");
                        followed.set_error(Some(error));
                    }
                }
                followed.file.send_replace(());
            }
        });
        Ok(Self { shared, _watcher: Arc::new(watcher) })
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Returns the settings in force.
    pub fn in_force(&self) -> Settings {
        self.shared.in_force.borrow().clone()
    }

    /// Returns a receiver of the settings in force and of every change.
    pub fn watch(&self) -> watch::Receiver<Settings> {
        self.shared.in_force.subscribe()
    }

    /// Returns a receiver that is notified of every change of the file's text, valid or not.
    pub fn watch_file(&self) -> watch::Receiver<()> {
        self.shared.file.subscribe()
    }

    /// Returns the error in the file, if its text is not in force.
    pub fn error(&self) -> Option<SettingsError> {
        self.shared.error.lock().clone()
    }

    /// Reads the text of the file. Blocks.
    pub fn text(&self) -> Result<String, EngineError> {
        let path = self.path();
        fs::read_to_string(path).map_err(|reason| EngineError::File { path: path.to_owned(), reason })
    }

    /// Returns the servers that the secrets of scrape jobs belong to.
    pub(crate) fn scrape_secrets(&self) -> ScrapeSecrets {
        self.shared.scrape_secrets.clone()
    }

    /// Changes the file through `change` and puts the returned settings in force at once. A person
    /// who changes a scrape job so confirms where its secrets go. Blocks.
    pub fn change(
        &self,
        change: impl FnOnce(&Path) -> Result<Settings, SettingsError>,
    ) -> Result<(), EngineError> {
        let changed = change(self.path())?;
        let before = self.in_force();
        for job in changed.scrape.iter().filter(|job| !before.scrape.contains(job)) {
            if let Err(error) = self.shared.scrape_secrets.confirm_changed(job) {
                tracing::warn!(%error, job = %job.name, "the servers of the job's secrets are not stored");
            }
        }
        self.shared.put_in_force(changed);
        Ok(())
    }

    /// Waits until no other edit that depends on the settings in force runs, and locks them out.
    pub async fn lock_edits(&self) -> OwnedMutexGuard<()> {
        self.shared.edits.clone().lock_owned().await
    }

    /// Returns a switch that is true while notifications are shown on the desktop.
    pub(crate) fn desktop_notifications(&self) -> Arc<AtomicBool> {
        self.shared.desktop_notifications.clone()
    }
}

/// Waits until the selected part of the settings differs from `before`. Never returns once no more
/// changes can come.
pub(crate) async fn selection_changed<T: PartialEq>(
    settings: &mut watch::Receiver<Settings>,
    before: &T,
    select: impl Fn(&Settings) -> &T,
) {
    while settings.changed().await.is_ok() {
        if select(&settings.borrow_and_update()) != before {
            return;
        }
    }
    std::future::pending().await
}
