//! Settings files on disk: made, changed with their comments kept, and watched.

use std::{fs, path::Path, time::Duration};

use config::{
    DEFAULT_TEXT, LogFile, LogLevel, ScrapeTarget, Settings, SettingsError, add_log_file, add_scrape_target,
    load, load_or_create, load_or_last_valid, set_value, watch, write_text,
};
use serde_json::json;
use tokio::sync::watch::Receiver;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_missing_file_is_made_with_its_folder_and_a_present_one_is_kept() {
    let folder = folder();
    let path = folder.path().join("deep/settings.toml");
    assert_eq!(load_or_create(&path).unwrap(), Settings::default());
    assert_eq!(fs::read_to_string(&path).unwrap(), DEFAULT_TEXT);
    fs::write(&path, "[host]\nenabled = false\n").unwrap();
    assert!(!load_or_create(&path).unwrap().host.enabled);
    assert_eq!(fs::read_to_string(&path).unwrap(), "[host]\nenabled = false\n");
}

#[test]
fn a_broken_file_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("settings.toml");
    fs::write(&path, "[host]\nenabled = 5\n").unwrap();
    assert_eq!(load_or_create(&path).unwrap_err().line, 2);
    assert!(
        set_value(&path, "host.enabled", json!(true)).is_ok(),
        "a bad value can be repaired by setting it"
    );
    fs::write(&path, b"[host]\nenabled = \xff\n").unwrap();
    assert_eq!(load(&path).unwrap_err().line, 2);
    assert_eq!(fs::read(&path).unwrap(), b"[host]\nenabled = \xff\n");
}

#[test]
fn only_valid_text_is_written() {
    let folder = folder();
    let path = folder.path().join("settings.toml");
    load_or_create(&path).unwrap();
    let error = write_text(&path, "[host]\ninterval = 3\n").unwrap_err();
    assert_eq!(error.suggestion.as_deref(), Some("interval_seconds"));
    assert_eq!(fs::read_to_string(&path).unwrap(), DEFAULT_TEXT);
    assert_eq!(write_text(&path, "[host]\ninterval_seconds = 3\n").unwrap().host.interval_seconds, 3);
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "no temporary file stays behind");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    let real = folder.path().join("real.toml");
    fs::write(&real, "").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let link = folder.path().join("settings.toml");
    symlink(&real, &link).unwrap();
    write_text(&link, "[self_metrics]\ninterval_seconds = 7\n").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(load(&real).unwrap().self_metrics.interval_seconds, 7);
}

#[test]
fn setting_a_value_changes_one_line_only() {
    let folder = folder();
    let path = folder.path().join("settings.toml");
    load_or_create(&path).unwrap();
    assert_eq!(set_value(&path, "host.interval_seconds", json!(2)).unwrap().host.interval_seconds, 2);
    let changed = fs::read_to_string(&path).unwrap();
    assert_eq!(changed, DEFAULT_TEXT.replacen("interval_seconds = 5", "interval_seconds = 2", 1));
    assert_eq!(set_value(&path, "log.level", json!("debug")).unwrap().log.level, LogLevel::Debug);
    assert_eq!(set_value(&path, "host.interval_seconds", json!(null)).unwrap().host.interval_seconds, 5);
}

#[test]
fn a_comment_behind_a_value_stays_and_missing_sections_are_made() {
    let folder = folder();
    let path = folder.path().join("settings.toml");
    fs::write(&path, "# mine\n[host]\ninterval_seconds = 9  # slow disk\n").unwrap();
    set_value(&path, "host.interval_seconds", json!(4)).unwrap();
    set_value(&path, "listen.web", json!("")).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# mine\n[host]\ninterval_seconds = 4  # slow disk\n"), "{text}");
    assert_eq!(load(&path).unwrap().listen.web, "");
}

#[test]
fn wrong_values_and_names_change_nothing() {
    let folder = folder();
    let path = folder.path().join("settings.toml");
    load_or_create(&path).unwrap();
    for (key, value) in [
        ("host.interval_seconds", json!(0)),
        ("host.interval_seconds", json!("soon")),
        ("host.unknown", json!(1)),
        ("nowhere.at.all", json!(1)),
        ("scrape.3.url", json!("http://x")),
        ("scrape.0", json!(null)),
        ("", json!(1)),
        ("host", json!(5)),
    ] {
        assert!(set_value(&path, key, value.clone()).is_err(), "{key} = {value}");
        assert_eq!(fs::read_to_string(&path).unwrap(), DEFAULT_TEXT);
    }
}

#[test]
fn targets_and_files_are_added_changed_and_removed() {
    let folder = folder();
    let path = folder.path().join("settings.toml");
    load_or_create(&path).unwrap();
    let mut node = ScrapeTarget::new("node", "http://127.0.0.1:9100/metrics");
    node.labels.insert("room".into(), "lab".into());
    add_scrape_target(&path, node.clone()).unwrap();
    let log = LogFile { path: "/var/log/a*.log".into(), service: "a".into(), from_start: true };
    add_log_file(&path, log.clone()).unwrap();
    let settings =
        add_scrape_target(&path, ScrapeTarget::new("other", "https://example.org/metrics")).unwrap();
    assert_eq!(settings.scrape[0], node);
    assert_eq!(settings.scrape[1].name, "other");
    assert_eq!(settings.log_file, [log]);
    assert!(fs::read_to_string(&path).unwrap().starts_with(DEFAULT_TEXT.trim_end()));
    assert!(add_scrape_target(&path, node).unwrap_err().message.contains("already"));
    let settings = set_value(&path, "scrape.1.interval_seconds", json!(60)).unwrap();
    assert_eq!(settings.scrape[1].interval_seconds, 60);
    let settings = set_value(&path, "scrape.0", json!(null)).unwrap();
    assert_eq!(settings.scrape.len(), 1);
    let settings = set_value(&path, "scrape", json!([])).unwrap();
    assert_eq!(settings.scrape, []);
    let settings = add_scrape_target(&path, ScrapeTarget::new("back", "http://x/")).unwrap();
    assert_eq!(settings.scrape.len(), 1);
}

async fn next(receiver: &mut Receiver<Result<Settings, SettingsError>>) -> Result<Settings, SettingsError> {
    tokio::time::timeout(Duration::from_secs(20), receiver.changed()).await.unwrap().unwrap();
    receiver.borrow_and_update().clone()
}

fn rename_over(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(&beside, path).unwrap();
}

#[tokio::test]
async fn edits_in_place_by_rename_and_after_deletion_are_noticed() {
    let folder = folder();
    let path = folder.path().join("settings.toml");
    load_or_create(&path).unwrap();
    let (guard, mut receiver) = watch(&path);
    assert_eq!(*receiver.borrow_and_update(), Ok(Settings::default()));

    fs::write(&path, "[self_metrics]\ninterval_seconds = 11\n").unwrap();
    assert_eq!(next(&mut receiver).await.unwrap().self_metrics.interval_seconds, 11);

    rename_over(&path, "[self_metrics]\ninterval_seconds = 12\n");
    assert_eq!(next(&mut receiver).await.unwrap().self_metrics.interval_seconds, 12);

    rename_over(&path, "[self_metrics]\ninterval_secondz = 12\n");
    assert_eq!(next(&mut receiver).await.unwrap_err().suggestion.as_deref(), Some("interval_seconds"));

    // As many bytes as before, and the time of the change set back.
    rename_over(&path, "[self_metrics]\ninterval_seconds = 15\n");
    assert_eq!(next(&mut receiver).await.unwrap().self_metrics.interval_seconds, 15);
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    let beside = path.with_extension("new");
    fs::write(&beside, "[self_metrics]\ninterval_seconds = 16\n").unwrap();
    fs::File::options().write(true).open(&beside).unwrap().set_modified(before).unwrap();
    fs::rename(&beside, &path).unwrap();
    assert_eq!(next(&mut receiver).await.unwrap().self_metrics.interval_seconds, 16);

    fs::remove_file(&path).unwrap();
    assert!(next(&mut receiver).await.unwrap_err().message.contains("cannot read"));

    fs::write(&path, "[self_metrics]\ninterval_seconds = 13\n").unwrap();
    assert_eq!(next(&mut receiver).await.unwrap().self_metrics.interval_seconds, 13);

    fs::remove_dir_all(folder.path()).unwrap();
    assert!(next(&mut receiver).await.is_err());
    fs::create_dir_all(folder.path()).unwrap();
    fs::write(&path, "[self_metrics]\ninterval_seconds = 14\n").unwrap();
    assert_eq!(next(&mut receiver).await.unwrap().self_metrics.interval_seconds, 14);

    drop(guard);
    let ended = tokio::time::timeout(Duration::from_secs(20), receiver.changed()).await.unwrap();
    assert!(ended.is_err(), "the watching thread ends with its guard");
}

#[cfg(unix)]
#[tokio::test]
async fn edits_behind_a_link_and_of_the_link_are_noticed() {
    use std::os::unix::fs::symlink;
    let (folder, elsewhere) = (self::folder(), self::folder());
    let real = elsewhere.path().join("real.toml");
    fs::write(&real, "[self_metrics]\ninterval_seconds = 3\n").unwrap();
    let link = folder.path().join("settings.toml");
    symlink(&real, &link).unwrap();
    let (_guard, mut receiver) = watch(&link);
    assert_eq!(receiver.borrow_and_update().clone().unwrap().self_metrics.interval_seconds, 3);

    fs::write(&real, "[self_metrics]\ninterval_seconds = 4\n").unwrap();
    assert_eq!(next(&mut receiver).await.unwrap().self_metrics.interval_seconds, 4);

    let other = elsewhere.path().join("other.toml");
    fs::write(&other, "[self_metrics]\ninterval_seconds = 5\n").unwrap();
    symlink(&other, link.with_extension("new")).unwrap();
    fs::rename(link.with_extension("new"), &link).unwrap();
    assert_eq!(next(&mut receiver).await.unwrap().self_metrics.interval_seconds, 5);
}

#[test]
fn minutes_are_kept_no_shorter_than_points_nor_hours_than_minutes() {
    let refused = |text: &str| config::parse(&format!("[retention]\n{text}\n")).unwrap_err().to_string();
    let minutes = refused("metrics_days = 500");
    assert!(
        minutes.contains("metrics_minutes_days must be at least metrics_days, which is 500"),
        "{minutes}"
    );
    let hours = refused("metrics_hours_days = 100");
    assert!(hours.contains("metrics_hours_days must be at least metrics_minutes_days"), "{hours}");
    config::parse("[retention]\nmetrics_days = 7\nmetrics_minutes_days = 7\nmetrics_hours_days = 7\n")
        .unwrap();
}

#[test]
fn an_emptied_or_broken_file_is_read_from_its_last_valid_text() {
    let folder = folder();
    let (path, copy) = (folder.path().join("settings.toml"), folder.path().join("copy.toml"));
    fs::write(&path, "[host]\nenabled = false\n").unwrap();
    let (settings, error) = load_or_last_valid(&path, &copy).unwrap();
    assert!(!settings.host.enabled && error.is_none());
    for text in ["", " \n", "[host\n"] {
        fs::write(&path, text).unwrap();
        let (settings, error) = load_or_last_valid(&path, &copy).unwrap();
        assert!(!settings.host.enabled && error.is_some(), "{text:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "the file is left alone");
    }
    fs::write(&path, "# the defaults\n").unwrap();
    let (settings, error) = load_or_last_valid(&path, &copy).unwrap();
    assert!(settings.host.enabled && error.is_none());
    fs::remove_file(&copy).unwrap();
    fs::write(&path, "[host\n").unwrap();
    assert!(load_or_last_valid(&path, &copy).is_err(), "nothing else is known");
}

#[tokio::test]
async fn a_file_emptied_while_it_is_written_is_an_error() {
    let folder = folder();
    let path = folder.path().join("settings.toml");
    fs::write(&path, "[host]\nenabled = false\n").unwrap();
    let (_watcher, mut settings) = watch(&path);
    fs::write(&path, "").unwrap();
    assert!(next(&mut settings).await.unwrap_err().message.contains("empty"));
    fs::write(&path, "[host]\nenabled = false\ninterval_seconds = 7\n").unwrap();
    assert_eq!(next(&mut settings).await.unwrap().host.interval_seconds, 7);
}

/// Returns a text with one byte changed, without it, and cut there.
fn damages(text: &[u8], position: usize) -> Vec<Vec<u8>> {
    let changed = [0x01, 0x20, 0x80].map(|by| {
        let mut bytes = text.to_vec();
        bytes[position] ^= by;
        bytes
    });
    let mut removed = text.to_vec();
    removed.remove(position);
    changed.into_iter().chain([removed, text[..position].to_vec()]).collect()
}

#[test]
fn any_damaged_byte_leaves_the_settings_of_the_file_or_the_last_valid_ones() {
    let folder = folder();
    let (path, copy) = (folder.path().join("settings.toml"), folder.path().join("copy.toml"));
    let text = "[host] # this machine\ninterval_seconds = 7\n\n[[scrape]]\nname = \"shöp\"\n\
                url = \"http://127.0.0.1:1/metrics\"\n";
    fs::write(&path, text).unwrap();
    let (whole, error) = load_or_last_valid(&path, &copy).unwrap();
    assert_eq!((whole.host.interval_seconds, whole.scrape.len(), error), (7, 1, None));
    let (mut read, mut restored) = (0, 0);
    for damaged in (0..text.len()).flat_map(|position| damages(text.as_bytes(), position)) {
        fs::write(&path, &damaged).unwrap();
        fs::write(&copy, text).unwrap();
        let is_blank = damaged.trim_ascii().is_empty();
        let expected = load(&path).ok().filter(|_| !is_blank);
        let (settings, error) = load_or_last_valid(&path, &copy).unwrap();
        assert_eq!(error.is_none(), expected.is_some(), "{}", String::from_utf8_lossy(&damaged));
        read += u32::from(expected.is_some());
        restored += u32::from(expected.is_none());
        assert_eq!(settings, expected.unwrap_or_else(|| whole.clone()));
        // A damage of the copy costs nothing.
        fs::write(&path, text).unwrap();
        fs::write(&copy, &damaged).unwrap();
        assert_eq!(load_or_last_valid(&path, &copy).unwrap(), (whole.clone(), None));
        assert_eq!(fs::read_to_string(&copy).unwrap(), text);
    }
    assert!(read > 100 && restored > 100, "{read} {restored}");
}
