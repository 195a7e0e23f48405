//! The file of the local socket.

use std::{
    env, fs, io,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tokio::net::UnixListener;

use crate::WebError;

const NAME: &str = "console.sock";
/// Maximum length of the path of a socket in bytes. The kernel's structure has 108 with the final
/// zero on Linux, and 104 on macOS.
const MAX_PATH_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The file of a socket. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    _folder: Option<TempDir>,
}

impl SocketFile {
    /// Creates the socket in the data folder. If its path is too long there, the socket is in a
    /// private folder among the user's runtime files or temporary files. Call it with the lock of
    /// the data folder held: a socket that exists is of an engine that was killed.
    pub(crate) fn create(data_folder: &Path) -> Result<(Self, UnixListener), WebError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |reason| WebError::Socket { path, reason }
        };
        let in_data = std::path::absolute(data_folder).map_err(failed(data_folder))?.join(NAME);
        let file = if fits(&in_data) {
            Self { path: in_data, _folder: None }
        } else {
            let folder = private_folder().map_err(failed(&in_data))?;
            Self { path: folder.path().join(NAME), _folder: Some(folder) }
        };
        let listener = file.listen().map_err(failed(&file.path))?;
        Ok((file, listener))
    }

    fn listen(&self) -> io::Result<UnixListener> {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.file_type().is_socket()) {
            fs::remove_file(&self.path)?;
        }
        let listener = UnixListener::bind(&self.path)?;
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The next engine removes a file that remains.
        let _ = fs::remove_file(&self.path);
    }
}

fn fits(path: &Path) -> bool {
    path.as_os_str().len() <= MAX_PATH_BYTES
}

/// Creates a folder that only this user can enter, with a short path.
fn private_folder() -> io::Result<TempDir> {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let mut last = io::Error::other("the paths of the folders for runtime and temporary files are too long");
    for parent in runtime.into_iter().chain([env::temp_dir(), "/tmp".into()]) {
        let private = fs::Permissions::from_mode(0o700);
        match tempfile::Builder::new().prefix("binnacle-").permissions(private).tempdir_in(parent) {
            Ok(folder) if fits(&folder.path().join(NAME)) => return Ok(folder),
            Ok(_) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn the_socket_is_private_and_replaces_one_that_remained() {
        let folder = tempfile::tempdir().unwrap();
        drop(std::os::unix::net::UnixListener::bind(folder.path().join(NAME)).unwrap());
        let (file, _listener) = SocketFile::create(folder.path()).unwrap();
        assert_eq!((file.path(), mode(file.path())), (folder.path().join(NAME).as_path(), 0o600));
        drop(file);
        assert!(!folder.path().join(NAME).exists());
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "mine").unwrap();
        assert!(SocketFile::create(folder.path()).is_err());
    }

    #[tokio::test]
    async fn the_socket_of_a_long_folder_is_in_a_private_one() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("a".repeat(100));
        fs::create_dir(&long).unwrap();
        let (file, _listener) = SocketFile::create(&long).unwrap();
        let parent = file.path().parent().unwrap().to_owned();
        assert_eq!((mode(&parent), mode(file.path())), (0o700, 0o600));
        assert!(fits(file.path()) && !parent.starts_with(folder.path()));
        drop(file);
        assert!(!parent.exists());
    }
}
