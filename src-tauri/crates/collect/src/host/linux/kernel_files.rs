//! The files of the kernel. A file that is missing, unreadable or not text has no content.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Maximum number of bytes of a kernel file; the rest is cut off.
const MAX_BYTES: u64 = 8 << 20;

/// The locations of `/proc`, `/sys` and `/etc`.
#[derive(Debug, Clone)]
pub(crate) struct KernelFiles {
    proc: PathBuf,
    sys: PathBuf,
    etc: PathBuf,
}

impl KernelFiles {
    /// Returns the files of the running kernel.
    pub(crate) fn running() -> Self {
        Self { proc: "/proc".into(), sys: "/sys".into(), etc: "/etc".into() }
    }

    /// Returns a recording for tests: folders `proc`, `sys` and `etc` in `root`.
    #[cfg(test)]
    pub(crate) fn recorded(root: &Path) -> Self {
        Self { proc: root.join("proc"), sys: root.join("sys"), etc: root.join("etc") }
    }

    /// Returns a path below `/proc`.
    pub(crate) fn proc(&self, path: &str) -> PathBuf {
        self.proc.join(path)
    }

    /// Returns a path below `/sys`.
    pub(crate) fn sys(&self, path: &str) -> PathBuf {
        self.sys.join(path)
    }

    /// Returns a path below `/etc`.
    pub(crate) fn etc(&self, path: &str) -> PathBuf {
        self.etc.join(path)
    }

    /// Reads a file below `/proc`; empty if it is missing.
    pub(crate) fn read_proc(&self, path: &str) -> String {
        text(&self.proc(path)).unwrap_or_default()
    }
}

/// Reads a file.
pub(crate) fn text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Reads the first line without surrounding blanks; none if it is empty.
pub(crate) fn line(path: &Path) -> Option<String> {
    let text = text(path)?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Reads the number in a file.
pub(crate) fn number<T: FromStr>(path: &Path) -> Option<T> {
    line(path)?.parse().ok()
}

/// Lists a folder, sorted by name.
pub(crate) fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(listed) = fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<(String, PathBuf)> = listed
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().into_string().ok()?, entry.path()))
        })
        .collect();
    entries.sort();
    entries
}
