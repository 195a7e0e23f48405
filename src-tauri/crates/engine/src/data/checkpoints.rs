//! The folder of checkpoints: how far log files and Sentry installations were read.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::EngineError;

/// The name of the folder inside the data folder.
const FOLDER: &str = "checkpoints";
/// The name of the folder in data folders of version 0.1.
const FORMER_FOLDER: &str = "positions";

/// Returns the folder of checkpoints. A folder under the former name is renamed. Blocks.
pub(crate) fn checkpoint_folder(data_folder: &Path) -> Result<PathBuf, EngineError> {
    let (folder, former) = (data_folder.join(FOLDER), data_folder.join(FORMER_FOLDER));
    if folder.exists() {
        return Ok(folder);
    }
    match fs::rename(&former, &folder) {
        Err(reason) if reason.kind() != io::ErrorKind::NotFound => {
            Err(EngineError::File { path: former, reason })
        }
        _ => Ok(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_under_the_former_name_are_found() {
        let data = tempfile::tempdir().unwrap();
        let folder = checkpoint_folder(data.path()).unwrap();
        assert_eq!(folder, data.path().join("checkpoints"), "a new folder has none");
        fs::create_dir(data.path().join("positions")).unwrap();
        fs::write(data.path().join("positions/sentry-a.json"), "1").unwrap();
        assert_eq!(checkpoint_folder(data.path()).unwrap(), folder);
        assert_eq!(fs::read_to_string(folder.join("sentry-a.json")).unwrap(), "1");
        assert!(!data.path().join("positions").exists());
    }
}
