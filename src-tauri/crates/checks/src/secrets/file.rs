//! Secrets in a file that only its owner can read.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use parking_lot::Mutex;

use super::store::{SecretError, SecretStore};

/// A JSON file of secrets with mode 0600. Each change rewrites the whole file.
pub struct FileSecrets {
    path: PathBuf,
    write_lock: Mutex<()>,
}

impl FileSecrets {
    /// Creates the store over the file at `path`, which need not exist.
    pub fn new(path: PathBuf) -> Self {
        Self { path, write_lock: Mutex::new(()) }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<BTreeMap<String, String>, SecretError> {
        let text = match runtime::read_private_file(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(self.failure(&error.to_string())),
        };
        // The parser's own message could quote the content.
        serde_json::from_slice(&text).map_err(|error| {
            self.failure(&format!("is not valid JSON at line {}, column {}", error.line(), error.column()))
        })
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>) -> bool) -> Result<(), SecretError> {
        let _guard = self.write_lock.lock();
        let mut secrets = self.read()?;
        if change(&mut secrets) {
            self.write(&secrets).map_err(|error| self.failure(&error.to_string()))
        } else {
            Ok(())
        }
    }

    fn write(&self, secrets: &BTreeMap<String, String>) -> io::Result<()> {
        runtime::replace_private_file(&self.path, &serde_json::to_vec_pretty(secrets)?)
    }

    fn failure(&self, reason: &str) -> SecretError {
        SecretError::File { path: self.path.display().to_string(), reason: reason.to_owned() }
    }
}

impl SecretStore for FileSecrets {
    fn get(&self, id: &str) -> Result<Option<String>, SecretError> {
        Ok(self.read()?.remove(id))
    }

    fn set(&self, id: &str, secret: &str) -> Result<(), SecretError> {
        self.change(|secrets| {
            secrets.insert(id.to_owned(), secret.to_owned());
            true
        })
    }

    fn delete(&self, id: &str) -> Result<(), SecretError> {
        self.change(|secrets| secrets.remove(id).is_some())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write_private(secrets: &FileSecrets, text: &str) {
        runtime::replace_private_file(secrets.path(), text.as_bytes()).unwrap();
    }

    #[test]
    fn stores_replaces_and_deletes() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(folder.path().join("secrets.json"));
        assert_eq!(secrets.get("a").unwrap(), None);
        secrets.delete("a").unwrap();
        assert!(!secrets.path().exists());
        secrets.set("a", "one").unwrap();
        secrets.set("b", "two").unwrap();
        secrets.set("a", "three").unwrap();
        let reopened = FileSecrets::new(secrets.path().to_owned());
        assert_eq!(reopened.get("a").unwrap().as_deref(), Some("three"));
        reopened.delete("a").unwrap();
        assert_eq!(secrets.get("a").unwrap(), None);
        assert_eq!(secrets.get("b").unwrap().as_deref(), Some("two"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_not_trusted() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(folder.path().join("secrets.json"));
        secrets.set("a", "one").unwrap();
        assert_eq!(fs::metadata(secrets.path()).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(secrets.path(), fs::Permissions::from_mode(0o644)).unwrap();
        for error in [secrets.get("a").unwrap_err(), secrets.set("a", "two").unwrap_err()] {
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        fs::set_permissions(secrets.path(), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(secrets.get("a").unwrap().as_deref(), Some("one"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, secrets) =
            (FileSecrets::new(folder.path().join("of_others")), FileSecrets::new(folder.path().join("link")));
        write_private(&target, "{\"a\": \"one\"}");
        std::os::unix::fs::symlink(target.path(), secrets.path()).unwrap();
        assert!(secrets.get("a").is_err());
        assert!(secrets.set("a", "two").is_err());
        assert_eq!(target.get("a").unwrap().as_deref(), Some("one"));
    }

    #[test]
    fn a_damaged_file_is_named_left_alone_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(folder.path().join("secrets.json"));
        write_private(&secrets, "{\"a\": hunter22");
        let error = secrets.set("b", "x").unwrap_err();
        assert!(error.to_string().contains("secrets.json") && !format!("{error:?}").contains("hunter22"));
        assert_eq!(fs::read_to_string(secrets.path()).unwrap(), "{\"a\": hunter22");
    }
}
