//! The command-line arguments of `binnacle`.

use std::path::PathBuf;

use clap::Parser;
use engine::{EngineOptions, default_data_folder};
use web::ServeOptions;
use xxhash_rust::xxh3::xxh3_64;

/// The identifier of `tauri.conf.json`.
const IDENTIFIER: &str = "dev.binnacle.desktop";

/// Binnacle: a local-first monitoring console.
#[derive(Debug, Clone, Parser)]
#[command(name = "binnacle", version)]
pub(crate) struct Arguments {
    /// Data folder [default: BINNACLE_DATA_DIR, or this user's folder for application data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    serve: ServeOptions,
    /// Start in the tray.
    #[arg(long)]
    hidden: bool,
}

impl Arguments {
    /// Returns true if the program starts without showing its window.
    pub(crate) fn hidden(&self) -> bool {
        self.hidden
    }

    /// Returns the address of the console, if given.
    pub(crate) fn http(&self) -> Option<&str> {
        self.serve.http.as_deref()
    }

    /// Returns the name of the program's instance on the session bus, one per data folder. A second
    /// start on the same folder shows the window of the first.
    pub(crate) fn instance_name(&self) -> String {
        let folder = self.data_folder();
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        format!("{IDENTIFIER}.data{:016x}", xxh3_64(folder.as_os_str().as_encoded_bytes()))
    }

    /// Returns the options of the engine.
    pub(crate) fn engine_options(&self) -> EngineOptions {
        self.serve.engine_options(self.data_folder())
    }

    fn data_folder(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(default_data_folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("binnacle").chain(words.iter().copied()))
    }

    #[test]
    fn values_follow_a_space_or_an_equals_sign() {
        let arguments = parse(&["--data", "/a b", "--http=127.0.0.1:0", "--hidden"]).unwrap();
        assert_eq!(arguments.data, Some("/a b".into()));
        assert_eq!(arguments.http(), Some("127.0.0.1:0"));
        assert!(arguments.hidden());
        let other = parse(&["--data", "/a"]).unwrap();
        assert_ne!(arguments.instance_name(), other.instance_name());
        assert!(parse(&["--data"]).is_err());
        assert!(parse(&["--nonsense"]).is_err());
    }

    #[test]
    fn the_window_takes_the_options_of_serve() {
        let words = ["--config", "/s.toml", "--remote-write", "127.0.0.1:1", "--statsd", "127.0.0.1:2"];
        let options = parse(&words).unwrap().engine_options();
        assert_eq!(options.settings_file, Some("/s.toml".into()));
        assert_eq!(options.remote_write.as_deref(), Some("127.0.0.1:1"));
        assert_eq!(options.statsd.as_deref(), Some("127.0.0.1:2"));
    }
}
