//! A settings file of version 5ccbe03 keeps its meaning and its comments.

use std::fs;

use config::{DEFAULT_TEXT, SentryFeed, load, load_or_create, parse, set_value};
use serde_json::json;

/// The commented file of 5ccbe03 with its examples in force, another interval of the self metrics
/// and two Sentry feeds left out.
const OLD: &str = include_str!("settings_5ccbe03.txt");

#[test]
fn a_file_of_5ccbe03_is_valid_with_the_same_meaning() {
    let settings = parse(OLD).unwrap();
    assert_eq!(settings.self_metrics.interval_seconds, 7);
    assert_eq!(settings.sentry[0].exclude, [SentryFeed::Sessions, SentryFeed::Monitors]);
    assert_eq!((settings.scrape.len(), settings.command.len(), settings.log_file.len()), (2, 1, 1));
    let current = parse(DEFAULT_TEXT).unwrap();
    assert_eq!((&settings.listen, &settings.retention), (&current.listen, &current.retention));
    assert_eq!((&settings.host, &settings.limits), (&current.host, &current.limits));
}

#[test]
fn the_first_start_writes_the_current_names_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    fs::write(&path, OLD).unwrap();
    let settings = load_or_create(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(load(&path).unwrap(), settings);
    assert_eq!(settings, parse(OLD).unwrap());
    assert!(text.contains("\n[self_metrics]\n") && !text.contains("[own]"), "{text}");
    assert!(text.contains("\nexclude = ") && !text.contains("leave_out"), "{text}");
    let comments = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(comments(&text), comments(OLD));
}

#[test]
fn settings_are_set_by_their_old_and_their_current_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.toml");
    for key in ["own.interval_seconds", "self_metrics.interval_seconds"] {
        fs::write(&path, OLD).unwrap();
        assert_eq!(set_value(&path, key, json!(9)).unwrap().self_metrics.interval_seconds, 9, "{key}");
    }
}
