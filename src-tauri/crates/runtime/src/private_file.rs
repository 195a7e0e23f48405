//! Files and folders that only their owner may access.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

/// Maximum size of a file with a secret in bytes.
const MAX_SECRET_BYTES: u64 = 1 << 20;

/// The permissions of a folder after [`secure_folder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderAccess {
    /// Only the owner had access.
    Private,
    /// Other users had access by this mode, and have none now.
    Restricted(u32),
    /// Other users can read the folder by this mode, because the file system does not store modes.
    Readable(u32),
}

/// Removes all access of group and others from files and folders that this process creates.
pub fn restrict_new_files() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Makes a folder private to this user. A missing folder is created. Blocks.
///
/// Fails if the folder belongs to another user, if other users can write to it and its mode cannot
/// be changed, or if it was writable by others and has entries of another user.
#[cfg(unix)]
pub fn secure_folder(folder: &Path) -> io::Result<FolderAccess> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};

    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // The opened folder is checked and changed, so it cannot be exchanged in between.
    let opened = fs::File::open(folder)?;
    let metadata = opened.metadata()?;
    let (owner, user) = (metadata.uid(), this_user());
    if owner != user {
        return Err(denied(format!(
            "it belongs to user {owner} and Binnacle runs as user {user}; choose another data folder, or \
             run `chown {user} {}` if its content is trusted",
            folder.display()
        )));
    }
    let former = metadata.mode() & 0o777;
    if former & 0o077 == 0 {
        return Ok(FolderAccess::Private);
    }
    let changed = opened.set_permissions(fs::Permissions::from_mode(0o700));
    let mode = opened.metadata()?.mode() & 0o777;
    if mode & 0o022 != 0 {
        let reason = changed.err().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(denied(format!(
            "other users can write to it (mode {mode:o}) and the mode cannot be changed{reason}; choose \
             another data folder"
        )));
    }
    if former & 0o022 != 0
        && let Some((entry, owner)) = foreign_entry(folder, user)?
    {
        return Err(denied(format!(
            "other users could write to it (mode {former:o}) and user {owner} created {}; delete that \
             first",
            entry.display()
        )));
    }
    Ok(match mode & 0o077 {
        0 => FolderAccess::Restricted(former),
        _ => FolderAccess::Readable(mode),
    })
}

/// Creates a folder if it does not exist.
#[cfg(not(unix))]
pub fn secure_folder(folder: &Path) -> io::Result<FolderAccess> {
    fs::create_dir_all(folder)?;
    Ok(FolderAccess::Private)
}

/// Reads a file of ours with secrets. Does not follow a link. Blocks.
///
/// Fails if the file belongs to another user, or if group or others have any access to it.
pub fn read_private_file(path: &Path) -> io::Result<Vec<u8>> {
    read(path, Owner::User)
}

/// Reads a file with a secret that the settings name, such as a token or a key. Follows links,
/// because other programs provide secrets that way. Blocks.
///
/// Fails if the file belongs neither to this user nor to root, or if group or others have any
/// access to it.
pub fn read_secret_file(path: impl Into<PathBuf>) -> io::Result<Vec<u8>> {
    read(&path.into(), Owner::UserOrRoot)
}

/// The permitted owners of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// This user; a link is refused.
    User,
    /// This user or root.
    UserOrRoot,
}

fn read(path: &Path, permitted: Owner) -> io::Result<Vec<u8>> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;

        use rustix::fs::OFlags;
        // A pipe in the place of the file does not block the open.
        let follow = if permitted == Owner::User { OFlags::NOFOLLOW } else { OFlags::empty() };
        options.custom_flags((OFlags::NONBLOCK | follow).bits() as i32);
    }
    let file = options.open(path).map_err(|error| refuse_link(error, permitted))?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if metadata.len() > MAX_SECRET_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    #[cfg(unix)]
    check_access(path, &metadata, permitted)?;
    let mut bytes = Vec::new();
    file.take(MAX_SECRET_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces the kernel's words for a link that is not followed.
fn refuse_link(error: io::Error, permitted: Owner) -> io::Error {
    #[cfg(unix)]
    if permitted == Owner::User && error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return denied("it is a symbolic link, which is not followed".to_owned());
    }
    error
}

#[cfg(unix)]
fn check_access(path: &Path, metadata: &fs::Metadata, permitted: Owner) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let (owner, user) = (metadata.uid(), this_user());
    if owner != user && !(owner == 0 && permitted == Owner::UserOrRoot) {
        return Err(denied(format!("it belongs to user {owner} and Binnacle runs as user {user}")));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(denied(format!(
            "other users have access to it (mode {mode:o}); run `chmod 600 {}`",
            path.display()
        )));
    }
    Ok(())
}

/// Returns the first entry of `folder` that belongs to another user, with that user.
#[cfg(unix)]
fn foreign_entry(folder: &Path, user: u32) -> io::Result<Option<(PathBuf, u32)>> {
    use std::os::unix::fs::MetadataExt as _;

    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let owner = entry.metadata()?.uid();
        if owner != user {
            return Ok(Some((entry.path(), owner)));
        }
    }
    Ok(None)
}

#[cfg(unix)]
fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn denied(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, reason)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

    use super::*;

    const OTHER_USER: u32 = 65534;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    /// Gives `path` to another user. Only root can; others use a folder of root instead.
    fn foreign(path: PathBuf) -> PathBuf {
        if this_user() == 0 {
            chown(&path, Some(OTHER_USER), None).unwrap();
            path
        } else {
            PathBuf::from("/")
        }
    }

    #[test]
    fn an_own_folder_becomes_private() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("new/data");
        assert_eq!(secure_folder(&folder).unwrap(), FolderAccess::Private);
        assert_eq!((mode(&folder), mode(folder.parent().unwrap())), (0o700, 0o700));
        for open in [0o755, 0o777, 0o710] {
            set_mode(&folder, open);
            assert_eq!(secure_folder(&folder).unwrap(), FolderAccess::Restricted(open));
            assert_eq!(mode(&folder), 0o700);
        }
    }

    #[test]
    fn a_folder_of_another_user_is_refused_and_left_alone() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("planted");
        fs::create_dir(&folder).unwrap();
        let folder = foreign(folder);
        let before = mode(&folder);
        let error = secure_folder(&folder).unwrap_err().to_string();
        assert!(error.contains("belongs to user"), "{error}");
        let link = base.path().join("link");
        symlink(&folder, &link).unwrap();
        assert!(secure_folder(&link).is_err());
        assert_eq!(mode(&folder), before);
    }

    #[test]
    fn an_entry_that_another_user_planted_is_refused() {
        if this_user() != 0 {
            return; // Only root can create files of another user.
        }
        let folder = tempfile::tempdir().unwrap();
        let planted = folder.path().join("settings.toml");
        fs::write(&planted, "[[command]]").unwrap();
        chown(&planted, Some(OTHER_USER), None).unwrap();
        set_mode(folder.path(), 0o777);
        let error = secure_folder(folder.path()).unwrap_err().to_string();
        assert!(error.contains("settings.toml") && error.contains("65534"), "{error}");
    }

    #[test]
    fn a_file_that_others_can_access_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "secret").unwrap();
        for open in [0o644, 0o640, 0o604, 0o620] {
            set_mode(&path, open);
            for result in [read_private_file(&path), read_secret_file(&path)] {
                let error = result.unwrap_err().to_string();
                assert!(error.contains(&format!("chmod 600 {}", path.display())), "{error}");
            }
        }
        for private in [0o600, 0o400] {
            set_mode(&path, private);
            assert_eq!(read_private_file(&path).unwrap(), b"secret");
            assert_eq!(read_secret_file(&path).unwrap(), b"secret");
        }
    }

    #[test]
    fn a_link_is_followed_only_to_a_private_file_that_the_settings_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("token"), folder.path().join("link"));
        fs::write(&path, "secret").unwrap();
        symlink(&path, &link).unwrap();
        set_mode(&path, 0o600);
        assert!(read_private_file(&link).unwrap_err().to_string().contains("symbolic link"));
        assert_eq!(read_secret_file(&link).unwrap(), b"secret");
        set_mode(&path, 0o644);
        assert!(read_secret_file(&link).unwrap_err().to_string().contains("chmod"));
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        set_mode(&pipe, 0o600);
        for path in [pipe.as_path(), folder.path()] {
            assert!(read_secret_file(path).unwrap_err().to_string().contains("regular file"));
        }
        assert_eq!(read_secret_file(folder.path().join("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
