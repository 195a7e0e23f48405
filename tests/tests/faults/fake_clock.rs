//! The wall clock of an engine, set by a file that libfaketime reads. Its other clocks go on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use test_support::engine_process::EngineProcess;

/// Returns the library of the Debian package `faketime`.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().filter_map(Result::ok).map(|entry| entry.path());
    folders
        .map(|folder| folder.join("faketime/libfaketime.so.1"))
        .find(|path| path.exists())
        .expect("libfaketime is installed by `cargo xtask setup`")
}

/// The wall clock of one engine.
pub(crate) struct FakeClock(PathBuf);

impl FakeClock {
    /// Gives the next starts of an engine a clock, which is right at first.
    pub(crate) fn of(engine: &mut EngineProcess) -> Self {
        let clock = Self(engine.scratch().join("clock"));
        clock.set_ahead(0);
        engine.set_environment("LD_PRELOAD", library());
        engine.set_environment("FAKETIME_TIMESTAMP_FILE", &clock.0);
        engine.set_environment("FAKETIME_NO_CACHE", "1");
        engine.set_environment("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        engine.set_environment("DONT_FAKE_MONOTONIC", "1");
        engine.set_environment("FAKETIME_FMT", "%s");
        clock
    }

    /// Sets it ahead by a number of seconds, or behind.
    pub(crate) fn set_ahead(&self, seconds: i64) {
        write(&self.0, &format!("{seconds:+}"));
    }

    /// Stops it at a second since 1970.
    pub(crate) fn stop_at(&self, second: i64) {
        write(&self.0, &second.to_string());
    }
}

fn write(file: &Path, text: &str) {
    let fresh = file.with_extension("new");
    fs::write(&fresh, text).unwrap();
    fs::rename(&fresh, file).unwrap();
}
