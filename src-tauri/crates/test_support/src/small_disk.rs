//! A small disk that can be filled: a file system in memory, mounted on a folder of the test.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// A mounted disk, unmounted when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk of `megabytes` on a folder.
    pub fn mount(path: &Path, megabytes: u32) -> Result<Self> {
        let size = format!("size={megabytes}m,mode=0700");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).output()?;
        ensure!(output.status.success(), "cannot mount: {}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(Self { path: path.to_owned() })
    }

    /// Returns the reason why no disk can be mounted here, if there is one.
    pub fn obstacle() -> Option<String> {
        let folder = match tempfile::tempdir() {
            Ok(folder) => folder,
            Err(error) => return Some(error.to_string()),
        };
        Self::mount(folder.path(), 1).err().map(|error| format!("{error:#}"))
    }

    /// Fills the disk until only `megabytes` are free. Returns the bytes that it took.
    pub fn leave_free(&self, megabytes: u64) -> Result<u64> {
        let block = vec![0xa5; 1 << 20];
        let mut file = File::options().create(true).append(true).open(self.ballast())?;
        let before = file.metadata()?.len();
        while fs4::available_space(&self.path)? > megabytes << 20 {
            if let Err(error) = file.write_all(&block) {
                let full = error.kind() == std::io::ErrorKind::StorageFull;
                ensure!(full && megabytes == 0, "cannot fill the disk: {error}");
                // The rest, to the last byte.
                while file.write_all(&[0]).is_ok() {}
                break;
            }
        }
        Ok(file.metadata()?.len() - before)
    }

    /// Frees the space that [`Self::leave_free`] took.
    pub fn free_space(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("no ballast to remove")
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a killed process may still hold its files open.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}
