//! What can be typed behind `binnacle`.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use engine::{EngineOptions, default_data_folder};
use xxhash_rust::xxh3::xxh3_64;

/// The identifier of `tauri.conf.json`.
const IDENTIFIER: &str = "dev.binnacle.desktop";

const USAGE: &str = "\
Binnacle: a local-first monitoring console.

Usage: binnacle [--data DIR] [--config FILE] [--otlp-grpc ADDR] [--otlp-http ADDR] [--http ADDR] [--hidden]

  --data DIR        data folder (BINNACLE_DATA_DIR, or this user's folder for application data)
  --config FILE     settings file (settings.toml in the data folder)
  --otlp-grpc ADDR  address for OTLP over gRPC
  --otlp-http ADDR  address for OTLP over HTTP
  --http ADDR       address of the console for browsers and binnacle-cli
  --hidden          start in the tray
";

/// What was typed.
#[derive(Debug, Default, Clone)]
pub(crate) struct Arguments {
    data: Option<PathBuf>,
    config: Option<PathBuf>,
    otlp_grpc: Option<String>,
    otlp_http: Option<String>,
    http: Option<String>,
    hidden: bool,
}

/// What to print instead of starting.
#[derive(Debug)]
pub(crate) enum Answer {
    Help,
    Version,
    Wrong(String),
}

impl Answer {
    pub(crate) fn print(self) -> ExitCode {
        match self {
            Self::Help => print!("{USAGE}"),
            Self::Version => println!("binnacle {}", env!("CARGO_PKG_VERSION")),
            Self::Wrong(what) => {
                eprint!("binnacle: {what}\n\n{USAGE}");
                return ExitCode::from(2);
            }
        }
        ExitCode::SUCCESS
    }
}

impl Arguments {
    pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Result<Self, Answer> {
        let mut arguments = Self::default();
        let mut words = words.map(|word| word.to_string_lossy().into_owned());
        while let Some(word) = words.next() {
            let (name, mut inline) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word.clone(), None),
            };
            let mut value = || {
                inline
                    .take()
                    .or_else(|| words.next())
                    .ok_or_else(|| Answer::Wrong(format!("{name} needs a value")))
            };
            match name.as_str() {
                "--data" => arguments.data = Some(value()?.into()),
                "--config" => arguments.config = Some(value()?.into()),
                "--otlp-grpc" => arguments.otlp_grpc = Some(value()?),
                "--otlp-http" => arguments.otlp_http = Some(value()?),
                "--http" => arguments.http = Some(value()?),
                "--hidden" => arguments.hidden = true,
                "--help" | "-h" => return Err(Answer::Help),
                "--version" | "-V" => return Err(Answer::Version),
                _ => return Err(Answer::Wrong(format!("unknown argument {word:?}"))),
            }
        }
        Ok(arguments)
    }

    pub(crate) fn hidden(&self) -> bool {
        self.hidden
    }

    pub(crate) fn http(&self) -> Option<&str> {
        self.http.as_deref()
    }

    /// What tells starts apart on the session bus: a second start on the same data shows the first one's window.
    pub(crate) fn instance_name(&self) -> String {
        let folder = self.data_folder();
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        format!("{IDENTIFIER}.data{:016x}", xxh3_64(folder.as_os_str().as_encoded_bytes()))
    }

    fn data_folder(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(default_data_folder)
    }

    pub(crate) fn engine_options(&self) -> EngineOptions {
        let mut options = EngineOptions::new(self.data_folder());
        options.settings_file.clone_from(&self.config);
        options.otlp_grpc.clone_from(&self.otlp_grpc);
        options.otlp_http.clone_from(&self.otlp_http);
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, Answer> {
        Arguments::read(words.iter().map(OsString::from))
    }

    #[test]
    fn values_come_behind_a_space_or_an_equals_sign() {
        let arguments = read(&["--data", "/a b", "--http=127.0.0.1:0", "--hidden"]).unwrap();
        assert_eq!(arguments.data, Some("/a b".into()));
        assert_eq!(arguments.http(), Some("127.0.0.1:0"));
        assert!(arguments.hidden());
        let other = read(&["--data", "/a"]).unwrap();
        assert_ne!(arguments.instance_name(), other.instance_name());
        assert!(matches!(read(&["--data"]), Err(Answer::Wrong(_))));
        assert!(matches!(read(&["--nonsense"]), Err(Answer::Wrong(_))));
    }
}
