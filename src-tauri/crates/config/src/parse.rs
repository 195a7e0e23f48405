//! Parsing of the settings file.

use toml_edit::{Document, Item};

use crate::{Settings, SettingsError, migration, validate};

/// Parses the text of a settings file.
///
/// Unknown keys, values of a wrong type and values out of bounds are errors with line and column.
/// For a misspelt key or choice the error suggests the nearest one. Names of earlier versions are
/// accepted.
pub fn parse(text: &str) -> Result<Settings, SettingsError> {
    let settings: Settings = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let message = error.message().trim().replace('\n', ", ");
        let mut located = SettingsError::at(text, start, message);
        located.suggestion = suggest(&located.message);
        located
    })?;
    match validate::first_problem(&settings) {
        None => Ok(settings),
        Some(problem) => Err(match byte_of(text, &problem.path) {
            Some(byte) => SettingsError::at(text, byte, problem.message),
            None => SettingsError::unpositioned(problem.message),
        }),
    }
}

/// Returns the nearest of the names that serde lists in "unknown field `a`, expected one of `b`,
/// `c`", if one is near enough to be a misspelling.
fn suggest(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant "))?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let found = quoted.next()?;
    quoted
        .map(|candidate| (strsim::jaro_winkler(&found.to_lowercase(), candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Returns the byte offset of the value at `path`, or of the innermost table on the way to it.
fn byte_of(text: &str, path: &[String]) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let mut item: &Item = document.as_item();
    let mut found = None;
    for part in path {
        let next = match part.parse::<usize>() {
            Ok(index) => item.get(index),
            Err(_) => {
                item.get(part.as_str()).or_else(|| migration::old_name(part).and_then(|old| item.get(old)))
            }
        };
        let Some(next) = next else { break };
        item = next;
        found = item.span().map(|span| span.start).or(found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DEFAULT_TEXT;

    #[test]
    fn the_commented_file_holds_the_defaults() {
        assert_eq!(parse(DEFAULT_TEXT).unwrap(), Settings::default());
        assert_eq!(parse("").unwrap(), Settings::default());
    }

    #[test]
    fn the_commented_file_names_every_setting() {
        let all = serde_json::to_value(Settings {
            scrape: vec![crate::ScrapeTarget::new("node", "http://a/")],
            process: vec![crate::WatchedProcess { name: "w".into(), ..crate::WatchedProcess::default() }],
            prometheus: vec![crate::PrometheusFile { file: "/a".into() }],
            command: vec![crate::Command {
                name: "a".into(),
                run: Vec::new(),
                interval_seconds: 1,
                timeout_seconds: 1,
                labels: [].into(),
            }],
            log_file: vec![crate::LogFile { path: "/a".into(), service: String::new(), from_start: false }],
            sentry: vec![crate::Sentry::new("a", "https://a/")],
            ..Settings::default()
        })
        .unwrap();
        for (section, values) in all.as_object().unwrap() {
            assert!(DEFAULT_TEXT.contains(&format!("[{section}]")), "{section}");
            let values = values.get(0).unwrap_or(values);
            for (key, value) in values.as_object().unwrap() {
                let named = match value.as_object().filter(|_| section != "scrape" && section != "command") {
                    Some(inner) => {
                        inner.keys().all(|inner| DEFAULT_TEXT.contains(&format!("\n{inner} = ")))
                            && DEFAULT_TEXT.contains(&format!("[{section}.{key}]"))
                    }
                    None => DEFAULT_TEXT.contains(&format!("{key} = ")),
                };
                assert!(named, "{section}.{key}");
            }
        }
    }

    #[test]
    fn the_commented_examples_are_valid() {
        let uncommented: String = DEFAULT_TEXT
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest) if rest.starts_with("[[") || rest.contains(" = ") => rest,
                _ => line,
            })
            .collect::<Vec<_>>()
            .join("\n");
        let settings = parse(&uncommented).unwrap();
        assert_eq!(settings.scrape.len(), 2);
        assert_eq!(settings.log_file[0].service, "nginx");
        assert_eq!(settings.process[0].unit, "postgresql.service");
        assert_eq!(settings.sentry[0], crate::Sentry::new("sentry", "https://sentry.io"));
    }

    #[test]
    fn misspelt_keys_are_rejected_with_position_and_suggestion() {
        let error = parse("[host]\nenabled = true\n  intervall_seconds = 5\n").unwrap_err();
        assert_eq!((error.line, error.column), (3, 3), "{error}");
        assert_eq!(error.suggestion.as_deref(), Some("interval_seconds"));
        let error = parse("[hots]\n").unwrap_err();
        assert_eq!((error.line, error.column), (1, 2), "{error}");
        assert_eq!(error.suggestion.as_deref(), Some("host"));
        let error = parse("[log]\nlevel = \"wran\"\n").unwrap_err();
        assert_eq!((error.line, error.suggestion.as_deref()), (2, Some("warn")));
        assert_eq!(parse("[qqqq]\n").unwrap_err().suggestion, None);
    }

    #[test]
    fn values_out_of_bounds_are_rejected_with_their_position() {
        for (text, line, column, part) in [
            ("[[process]]\nname = \"a\"\n", 2, 8, "every process"),
            ("[[process]]\nname = \"a\"\ncommand = \"(\"\n", 3, 11, "regular expression"),
            ("[host]\ninterval_seconds = 0\n", 2, 20, "at least 1"),
            ("[listen]\nweb = \"nonsense\"\n", 2, 7, "address"),
            ("[listen]\nweb = \"127.0.0.1:4317\"\n", 2, 7, "otlp_grpc"),
            ("[listen]\notlp_grpc = \"127.0.0.1:99999\"\n", 2, 13, "address"),
            ("[[scrape]]\nname = \"a\"\nurl = \"ftp://x\"\n", 3, 7, "http"),
            ("[[scrape]]\nname = \"\"\nurl = \"http://x\"\n", 2, 8, "name"),
            (
                "[[scrape]]\nname = \"a\"\nurl = \"http://x\"\n[[scrape]]\nname = \"a\"\nurl = \"http://y\"\n",
                5,
                8,
                "already",
            ),
            ("[[scrape]]\nname = \"a\"\n", 1, 1, "nothing to scrape"),
            ("[[scrape]]\nname = \"a\"\ntargets = [\"h:1\"]\nscheme = \"ftp\"\n", 4, 10, "http or https"),
            (
                "[[scrape]]\nname = \"a\"\n[[scrape.dns_sd_configs]]\nnames = [\"x\"]\ntype = \"A\"\n",
                3,
                1,
                "need a port",
            ),
            ("[[prometheus]]\nfile = \"prometheus.yml\"\n", 2, 8, "absolute"),
            ("[[command]]\nname = \"a\"\nrun = [\"ls\"]\n", 3, 7, "absolute"),
            ("[[command]]\nname = \"a\"\nrun = []\n", 3, 7, "absolute"),
            ("[[log_file]]\npath = \"relative.log\"\n", 2, 8, "absolute"),
            ("[[log_file]]\npath = \"/var/*/x.log\"\n", 2, 8, "file name"),
            ("[analysis]\ninterval_minutes = 0\n", 2, 20, "at least 1"),
            ("[own]\ninterval_seconds = 0\n", 2, 20, "at least 1"),
            ("[host]\ninterval_seconds = \"ä\"\n", 2, 20, "invalid type"),
            ("[host]\ninterval_seconds = -1\n", 2, 20, "invalid"),
            ("[host\n", 1, 6, ""),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.line, error.column), (line, column), "{text}{error}");
            assert!(error.message.contains(part), "{error}");
        }
    }

    #[test]
    fn receivers_can_be_disabled() {
        let settings = parse("[listen]\notlp_grpc = \"\"\nweb = \"localhost:0\"\n").unwrap();
        assert_eq!(settings.listen.otlp_grpc, "");
    }
}
