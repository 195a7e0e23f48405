//! The settings in force and the file they come from.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use config::{Settings, SettingsError, SettingsWatcher};
use tokio::sync::watch;

use crate::EngineError;

/// The settings in force: the last valid ones of the file, which is watched.
#[derive(Debug)]
pub struct SettingsState {
    path: PathBuf,
    in_force: watch::Sender<Settings>,
    error: Arc<Mutex<Option<SettingsError>>>,
    desktop_notifications: Arc<AtomicBool>,
    file: watch::Sender<()>,
    _watcher: SettingsWatcher,
}

impl SettingsState {
    /// Reads the file, which is made with defaults if it is not there, and begins to watch it. Blocks;
    /// must be called inside a tokio runtime.
    pub(crate) fn open(path: &Path) -> Result<Self, EngineError> {
        let first = config::load_or_create(path)?;
        let desktop_notifications = Arc::new(AtomicBool::new(first.alerts.desktop_notifications));
        let in_force = watch::Sender::new(first);
        let error = Arc::new(Mutex::new(None));
        let (watcher, mut changes) = config::watch(path);

        let (sender, told, desktop) = (in_force.clone(), error.clone(), desktop_notifications.clone());
        let file = watch::Sender::new(());
        let looked_at = file.clone();
        tokio::spawn(async move {
            while changes.changed().await.is_ok() {
                let latest = changes.borrow_and_update().clone();
                match latest {
                    Ok(settings) => {
                        *told.lock().unwrap_or_else(PoisonError::into_inner) = None;
                        desktop.store(settings.alerts.desktop_notifications, Ordering::Relaxed);
                        sender.send_if_modified(|current| {
                            let changed = *current != settings;
                            *current = settings;
                            changed
                        });
                    }
                    Err(problem) => {
                        tracing::warn!(%problem, "the settings before stay in force");
                        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
                    }
                }
                looked_at.send_replace(());
            }
        });
        Ok(Self { path: path.to_owned(), in_force, error, desktop_notifications, file, _watcher: watcher })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings in force now.
    pub fn in_force(&self) -> Settings {
        self.in_force.borrow().clone()
    }

    /// The settings in force, and word of every change.
    pub fn watch(&self) -> watch::Receiver<Settings> {
        self.in_force.subscribe()
    }

    /// Word of every change of the file's text, also of one that is not put in force because it is not valid.
    pub fn watch_file(&self) -> watch::Receiver<()> {
        self.file.subscribe()
    }

    /// What is wrong with the file, if its text is not in force.
    pub fn error(&self) -> Option<SettingsError> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The text of the file. Blocks.
    pub fn text(&self) -> Result<String, EngineError> {
        fs::read_to_string(&self.path).map_err(|reason| EngineError::File { path: self.path.clone(), reason })
    }

    /// Changes the file through `change`, which gives the new settings, and puts them in force at once.
    /// Blocks.
    pub fn change(
        &self,
        change: impl FnOnce(&Path) -> Result<Settings, SettingsError>,
    ) -> Result<(), EngineError> {
        let settings = change(&self.path)?;
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.desktop_notifications.store(settings.alerts.desktop_notifications, Ordering::Relaxed);
        self.in_force.send_replace(settings);
        Ok(())
    }

    /// Whether notifications are shown on the desktop; follows the settings.
    pub(crate) fn desktop_notifications(&self) -> Arc<AtomicBool> {
        self.desktop_notifications.clone()
    }
}
