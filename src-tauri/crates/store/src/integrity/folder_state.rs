//! What a data folder had when it was last written, and the notices of what it has lost since.

use std::path::{Path, PathBuf};

use model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    checked_file,
    database_file::{Layout, read_layout},
};
use crate::{
    StoreError,
    database::paths::{DATABASE, LOG, file_error},
};

/// The file, in the data folder.
pub(crate) const STATE: &str = "binnacle.state";
/// Notices that are retained.
const MAX_NOTICES: usize = 20;

/// Something that a data folder lost, found at a start or in operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataNotice {
    /// The time at which it was found.
    pub found: Timestamp,
    /// What was found.
    pub title: String,
    /// What is lost, and what was done.
    pub detail: String,
}

/// The state of a data folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct FolderState {
    /// The identifier of the database in hexadecimal digits. Empty if the database is being
    /// replaced.
    pub(crate) database: String,
    /// The number of checkpoints of the database.
    pub(crate) iteration: u64,
    /// Bytes of the log after its last commit.
    pub(crate) log_bytes: u64,
    /// Notices, oldest first.
    #[serde(default)]
    pub(crate) notices: Vec<DataNotice>,
}

impl FolderState {
    /// Reads the state of a data folder. Returns none in a new folder or one of an earlier version.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        checked_file::read(&folder.join(STATE))
    }

    /// Writes the state.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(STATE);
        runtime::replace_private_file_unsynced(&path, &checked_file::encode(self)?)
            .map_err(|error| file_error(&path, &error))
    }

    /// Returns the bytes that the log of a database is known to have had.
    pub(crate) fn log_bytes_of(&self, layout: &Layout) -> Option<u64> {
        let is_same = self.database == hexadecimal(layout) && self.iteration == layout.iteration;
        is_same.then_some(self.log_bytes)
    }

    /// Adds a notice.
    pub(crate) fn add(&mut self, notice: DataNotice) {
        tracing::error!(title = notice.title, detail = notice.detail, "data folder has lost data");
        self.notices.push(notice);
        let excess = self.notices.len().saturating_sub(MAX_NOTICES);
        self.notices.drain(..excess);
    }
}

/// Declares that the database of a folder is about to be replaced by this program.
pub(crate) fn expect_replacement(folder: &Path) -> Result<(), StoreError> {
    match FolderState::read(folder) {
        Some(state) => FolderState { database: String::new(), ..state }.write(folder),
        None => Ok(()),
    }
}

/// Returns the identifier of a database in hexadecimal digits.
pub(crate) fn hexadecimal(layout: &Layout) -> String {
    layout.identifier.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a folder has lost.
pub(crate) struct Loss {
    pub(crate) title: String,
    pub(crate) detail: String,
    /// Set if the database is another one than before.
    pub(crate) is_replaced: bool,
}

/// Compares a folder with its last state. `was_used` is set if it had a database at all. Returns
/// what its database or log has lost.
pub(crate) fn losses(folder: &Path, state: &FolderState, was_used: bool) -> Option<Loss> {
    let loss = |title: &str, detail: &str, is_replaced| {
        Some(Loss { title: title.to_owned(), detail: detail.to_owned(), is_replaced })
    };
    let length = |name: &str| folder.join(name).metadata().ok().map(|metadata| metadata.len());
    if length(DATABASE).unwrap_or_default() == 0 {
        let title = match length(DATABASE) {
            None => "The database was missing",
            Some(_) => "The database was empty",
        };
        let detail = "Log records, spans, unsealed metrics and the history in it are lost. Sealed metrics were \
                      read from their files, rules, checks and silences from their copy.";
        return was_used.then(|| loss(title, detail, false))?;
    }
    if state.database.is_empty() {
        return None;
    }
    let layout = read_layout(&folder.join(DATABASE))?;
    let kept = "The rules, checks and silences of before are in quarantine/definitions.json.";
    if hexadecimal(&layout) != state.database {
        let detail = format!("Its content is not what Binnacle wrote last. {kept}");
        return loss("The database was replaced by another one", &detail, true);
    }
    if layout.iteration < state.iteration {
        let detail = format!("What was stored after the copy was made is lost. {kept}");
        return loss("The database was replaced by an older copy", &detail, true);
    }
    let expected = state.log_bytes_of(&layout)?;
    let found = length(LOG);
    let left = found.unwrap_or_default();
    if left >= expected {
        return None;
    }
    let title = match found {
        None => "The log of the database was missing",
        Some(0) => "The log of the database was empty",
        Some(_) => "The log of the database was cut",
    };
    let detail = format!("The newest records are lost: {} of {expected} bytes of the log.", expected - left);
    loss(title, &detail, false)
}

/// Keeps the state of an open database up to date.
#[derive(Debug)]
pub(crate) struct StateKeeper {
    folder: PathBuf,
    state: parking_lot::Mutex<FolderState>,
}

impl StateKeeper {
    /// Creates the keeper of a folder with the notices known.
    pub(crate) fn new(folder: PathBuf, notices: Vec<DataNotice>) -> Self {
        let state = FolderState { notices, ..FolderState::default() };
        Self { folder, state: parking_lot::Mutex::new(state) }
    }

    /// Writes the state if it differs. Returns whether there was a checkpoint since the last call.
    /// Call it between transactions only.
    pub(crate) fn update(&self) -> Result<bool, StoreError> {
        let Some(layout) = read_layout(&self.folder.join(DATABASE)) else { return Ok(false) };
        let log_bytes = self.folder.join(LOG).metadata().map_or(0, |metadata| metadata.len());
        let mut state = self.state.lock();
        let after = FolderState {
            database: hexadecimal(&layout),
            iteration: layout.iteration,
            log_bytes,
            notices: state.notices.clone(),
        };
        if after == *state {
            return Ok(false);
        }
        let is_checkpointed = (&after.database, after.iteration) != (&state.database, state.iteration);
        after.write(&self.folder)?;
        *state = after;
        Ok(is_checkpointed)
    }

    /// Adds a notice, unless there is one with its title. It is stored with the next state.
    pub(crate) fn declare(&self, notice: DataNotice) {
        let mut state = self.state.lock();
        if state.notices.iter().all(|known| known.title != notice.title) {
            state.add(notice);
            // The next comparison finds a difference.
            state.database.clear();
        }
    }

    /// Returns the notices, oldest first.
    pub(crate) fn notices(&self) -> Vec<DataNotice> {
        self.state.lock().notices.clone()
    }
}
