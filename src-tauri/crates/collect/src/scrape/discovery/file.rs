//! Discovery by files with lists of targets, in JSON or YAML (`file_sd_configs`).

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use model::Labels;
use notify::{EventKind, RecursiveMode, Watcher};
use runtime::Clock;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{DiscoveryResult, ResultSender, TargetGroup, targets_of};
use crate::{name_pattern::NamePattern, scrape::yaml};

/// Maximum number of bytes of a file.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Maximum number of files.
const MAX_FILES: usize = 1000;
/// Duration without changes before a file is read.
const QUIET: Duration = Duration::from_millis(100);

pub(super) async fn run(
    settings: config::FileDiscovery,
    interval: Duration,
    clock: &Clock,
    results: ResultSender,
    stop: CancellationToken,
) {
    let (sender, mut changes) = mpsc::channel(1);
    let watched = watch(&settings.files, sender);
    // The last list of a file remains valid while the file cannot be read.
    let mut last: Vec<(PathBuf, Vec<Labels>)> = Vec::new();
    loop {
        let (patterns, before) = (settings.files.clone(), std::mem::take(&mut last));
        let read = tokio::task::spawn_blocking(move || read_all(&patterns, before)).await;
        if let Ok((files, problem)) = read {
            let targets = files.iter().flat_map(|(_, targets)| targets.clone()).collect();
            last = files;
            results.send(DiscoveryResult { targets: Some(targets), problem }).await;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = clock.sleep(interval) => {}
            Some(()) = changes.recv() => {
                clock.sleep(QUIET).await;
                while changes.try_recv().is_ok() {}
            }
        }
    }
    drop(watched);
}

/// Watches the folders of the files. A missing folder is checked once per interval only.
fn watch(patterns: &[String], sender: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let handler = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            // A full channel already reports a change.
            let _ = sender.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(handler).ok()?;
    for pattern in patterns {
        if let Some(folder) = Path::new(pattern).parent()
            && let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive)
        {
            tracing::debug!(%error, folder = %folder.display(), "cannot watch a folder of target files, changes apply at the next refresh");
        }
    }
    Some(watcher)
}

type Listed = Vec<(PathBuf, Vec<Labels>)>;

/// Reads every file; returns the first problem as well. An unreadable file has its targets from
/// `before`.
fn read_all(patterns: &[String], mut before: Listed) -> (Listed, Option<String>) {
    let mut files = Vec::new();
    let mut problem = None;
    for pattern in patterns {
        match matching(Path::new(pattern)) {
            Ok(found) => files.extend(found),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    files.sort();
    files.dedup();
    if files.len() > MAX_FILES {
        problem = problem.or_else(|| Some(format!("more than {MAX_FILES} files list targets")));
        files.truncate(MAX_FILES);
    }
    let mut listed = Vec::new();
    for file in files {
        match read(&file) {
            Ok(targets) => listed.push((file, targets)),
            Err(error) => {
                problem = problem.or(Some(error));
                if let Some(position) = before.iter().position(|(other, _)| *other == file) {
                    listed.push(before.swap_remove(position));
                }
            }
        }
    }
    (listed, problem)
}

/// Returns the files of a path, whose last segment may be a glob.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = NamePattern::new(name);
    if name.is_literal() {
        return Ok(vec![pattern.to_owned()]);
    }
    let folder = pattern.parent().unwrap_or_else(|| Path::new("."));
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot list {}: {}", folder.display(), error.kind()))?;
    Ok(entries
        .flatten()
        .filter(|entry| entry.file_name().to_str().is_some_and(|entry| name.matches(entry)))
        .map(|entry| entry.path())
        .collect())
}

fn read(file: &Path) -> Result<Vec<Labels>, String> {
    let shown = file.display();
    let failed = |error: std::io::Error| format!("cannot read {shown}: {}", error.kind());
    if fs::metadata(file).map_err(failed)?.len() > MAX_BYTES {
        return Err(format!("{shown} is larger than {} MiB", MAX_BYTES / 1024 / 1024));
    }
    let text = fs::read_to_string(file).map_err(failed)?;
    let groups: Vec<TargetGroup> = match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => serde_json::from_str(&text).map_err(|error| format!("{shown}: {error}"))?,
        Some("yml" | "yaml") => yaml::read(&text).map_err(|error| format!("{shown}: {error}"))?,
        _ => return Err(format!("{shown} is not a .json, .yml or .yaml file")),
    };
    targets_of(&groups, &[("__meta_filepath", &file.to_string_lossy())])
        .map_err(|error| format!("{shown}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_yaml_give_the_same_and_a_broken_file_has_its_last_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a.json"), r#"[{"targets":["h:1","h:2"],"labels":{"room":"lab","n":"1"}}]"#).unwrap();
        fs::write(path("b.yml"), "- targets: ['h:3']\n  labels: {room: lab, n: 1}\n- targets: []\n").unwrap();
        fs::write(path("c.txt"), "nonsense").unwrap();
        let patterns = [path("*.json").display().to_string(), path("b.*").display().to_string()];
        let (listed, problem) = read_all(&patterns, Vec::new());
        assert_eq!(problem, None);
        let addresses: Vec<&str> = listed
            .iter()
            .flat_map(|(_, targets)| targets)
            .map(|labels| labels["__address__"].as_str())
            .collect();
        assert_eq!(addresses, ["h:1", "h:2", "h:3"]);
        let mut labels = listed[1].1[0].clone();
        assert_eq!(labels.remove("__meta_filepath"), Some(path("b.yml").display().to_string()));
        assert_eq!((labels["room"].as_str(), labels["n"].as_str()), ("lab", "1"));
        for broken in ["[{\"targets\":", "{}", "[{\"targts\":[]}]", "\u{0}"] {
            fs::write(path("a.json"), broken).unwrap();
            let (again, problem) = read_all(&patterns, listed.clone());
            assert_eq!(again.iter().map(|(_, targets)| targets.len()).sum::<usize>(), 3, "{broken}");
            assert!(problem.unwrap().contains("a.json"));
        }
        fs::remove_file(path("a.json")).unwrap();
        assert_eq!(read_all(&patterns, listed).0.len(), 1);
        let (_, problem) = read_all(&[path("c.txt").display().to_string()], Vec::new());
        assert!(problem.unwrap().contains("not a .json"));
    }
}
