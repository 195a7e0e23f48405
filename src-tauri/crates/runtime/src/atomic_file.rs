//! Atomic replacement of files.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Replaces the contents of `path` in one step: a reader or a crash sees the old or the new ones.
///
/// 1. The bytes go to a temporary file in the same folder, which is created if it is missing.
/// 2. The temporary file is flushed to the disk.
/// 3. It takes the place of `path`.
/// 4. The folder is flushed to the disk.
///
/// The permissions of an existing file stay, and only the owner can read a new one. A symbolic
/// link stays a link: the file that it names is replaced. Blocks.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link to a file that does not exist cannot be resolved and is replaced itself.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let permissions = fs::metadata(&target).ok().map(|metadata| metadata.permissions());
    replace(&target, bytes, permissions)
}

/// Replaces `path` like [`replace_file`], but only the owner can read the result in any case, and
/// a symbolic link is replaced itself. Blocks.
pub fn replace_private_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, None)
}

/// Replaces `path` like [`replace_private_file`], but without waiting for the disk. After a power
/// cut the file may be incomplete, so its contents need a checksum. Blocks.
pub fn replace_private_file_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&fresh)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&fresh, path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&fresh);
    })
}

fn replace(target: &Path, bytes: &[u8], permissions: Option<fs::Permissions>) -> io::Result<()> {
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&folder)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let mut file =
        tempfile::Builder::new().prefix(&format!(".{name}-")).suffix(".tmp").tempfile_in(&folder)?;
    file.write_all(bytes)?;
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    sync_folder(&folder)
}

/// Flushes a folder's entries, so that a renamed file survives a power cut.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn contents_are_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/state.json");
        replace_file(&path, b"one").unwrap();
        replace_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(path.parent().unwrap()), ["state.json"]);
    }

    #[test]
    fn an_unsynced_replacement_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        replace_private_file_unsynced(&path, b"one").unwrap();
        replace_private_file_unsynced(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        fs::create_dir_all(folder.path().join("occupied/inside")).unwrap();
        replace_private_file_unsynced(&folder.path().join("occupied"), b"x").unwrap_err();
        assert_eq!(names(folder.path()), ["occupied", "state"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_contents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("occupied");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "x").unwrap();
        assert!(replace_file(&path, b"new").is_err());
        assert_eq!(
            (names(folder.path()), names(&path)),
            (vec!["occupied".to_owned()], vec!["inside".to_owned()])
        );
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay_and_new_files_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = folder.path().join("settings.toml");
        replace_file(&path, b"one").unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace_file(&path, b"two").unwrap();
        assert_eq!(mode(&path), 0o644);
        replace_private_file(&path, b"three").unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        replace_file(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}
