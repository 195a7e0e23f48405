//! Reading the kernel's files. A file that is not there, cannot be read or is no text tells nothing.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
    str::FromStr,
};

/// A file of the kernel that is longer is cut off: no file read here comes near it.
const LONGEST: u64 = 8 << 20;

/// Where `/proc`, `/sys` and `/etc` lie.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    proc: PathBuf,
    sys: PathBuf,
    etc: PathBuf,
}

impl Kernel {
    /// The kernel this program runs on.
    pub(crate) fn running() -> Self {
        Self { proc: "/proc".into(), sys: "/sys".into(), etc: "/etc".into() }
    }

    /// A recorded one, for tests: folders `proc`, `sys` and `etc` in `root`.
    #[cfg(test)]
    pub(crate) fn recorded(root: &Path) -> Self {
        Self { proc: root.join("proc"), sys: root.join("sys"), etc: root.join("etc") }
    }

    /// A path below `/proc`.
    pub(crate) fn proc(&self, path: &str) -> PathBuf {
        self.proc.join(path)
    }

    /// A path below `/sys`.
    pub(crate) fn sys(&self, path: &str) -> PathBuf {
        self.sys.join(path)
    }

    /// A path below `/etc`.
    pub(crate) fn etc(&self, path: &str) -> PathBuf {
        self.etc.join(path)
    }

    /// The text of a file below `/proc`, empty if there is none.
    pub(crate) fn read_proc(&self, path: &str) -> String {
        text(&self.proc(path)).unwrap_or_default()
    }
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// The first line of a file without blanks around it; none if it is empty.
pub(crate) fn line(path: &Path) -> Option<String> {
    let text = text(path)?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// The number that a file holds.
pub(crate) fn number<T: FromStr>(path: &Path) -> Option<T> {
    line(path)?.parse().ok()
}

/// The entries of a folder with their names, in the order of the names.
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
