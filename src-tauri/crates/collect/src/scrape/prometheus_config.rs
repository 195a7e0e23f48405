//! Jobs of a Prometheus configuration file, which is reloaded when it changes.

mod parse;

use runtime::HealthReporter;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use notify::{EventKind, RecursiveMode, Watcher};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::parse::Parsed;
use super::{job::Job, secret_servers::SecretGuard, status::TargetStatus, target_pool};
use crate::{PullHandles, home_folder};

/// Duration without changes before the file is read.
const QUIET: Duration = Duration::from_millis(200);
/// Interval between checks of the file, in case the system reports no change.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Maximum number of bytes of the file.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Scrapes the targets of the file in `settings` until `stop`, and follows its changes. Unchanged
/// jobs continue. If the file cannot be read, the previous jobs stay in force. Unsupported settings
/// appear in the status of the component.
pub async fn run_prometheus_file(
    settings: config::PrometheusFile,
    handles: PullHandles,
    secrets: Option<Arc<dyn SecretGuard>>,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let path = home_folder::expand(&settings.file);
    let (sender, mut changes) = mpsc::channel(1);
    let watcher = watch(&path, sender);
    let clock = handles.clock.clone();
    let (status, running) = (TargetStatus::new(reporter), BTreeMap::new());
    let mut jobs = Jobs { file: path.to_string_lossy().into_owned(), status, handles, secrets, running };
    let mut seen = None;
    loop {
        let version = file_version(&path).await;
        if seen.as_ref() != Some(&version) {
            jobs.follow(read_file(&path).await).await;
            seen = Some(version);
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = clock.sleep(CHECK_INTERVAL) => {}
            Some(()) = changes.recv() => {
                clock.sleep(QUIET).await;
                while changes.try_recv().is_ok() {}
            }
        }
    }
    drop(watcher);
    jobs.end().await;
}

/// Watches the folder, because editors replace files instead of writing into them.
fn watch(path: &Path, sender: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let name = path.file_name()?.to_owned();
    let handler = move |event: notify::Result<notify::Event>| {
        let concerns_file = event.is_ok_and(|event| {
            !matches!(event.kind, EventKind::Access(_))
                && event.paths.iter().any(|changed| changed.file_name() == Some(&name))
        });
        if concerns_file {
            // A full channel already reports a change.
            let _ = sender.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(handler).ok()?;
    watcher.watch(path.parent()?, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

/// Returns the time and the size of the file, which identify a version.
async fn file_version(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Parses a file without running its jobs, for the crate `fuzz`.
pub(crate) fn parse_only(text: &str, folder: &Path) {
    let _ = parse::parse(text, folder);
}

async fn read_file(path: &Path) -> Result<Parsed, String> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let failed = |error: std::io::Error| format!("cannot read {}: {}", path.display(), error.kind());
        if fs::metadata(&path).map_err(failed)?.len() > MAX_BYTES {
            return Err(format!("{} is larger than {} MiB", path.display(), MAX_BYTES / 1024 / 1024));
        }
        let text = fs::read_to_string(&path).map_err(failed)?;
        let folder = path.parent().unwrap_or_else(|| Path::new("/"));
        parse::parse(&text, folder).map_err(|problem| format!("{}: {problem}", path.display()))
    });
    read.await.unwrap_or_else(|error| Err(format!("reading the file failed: {error}")))
}

struct Running {
    job: Job,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

struct Jobs {
    file: String,
    status: TargetStatus,
    handles: PullHandles,
    secrets: Option<Arc<dyn SecretGuard>>,
    running: BTreeMap<String, Running>,
}

impl Jobs {
    /// Starts, stops and replaces jobs until they match the file.
    async fn follow(&mut self, parsed: Result<Parsed, String>) {
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(problem) => {
                let previous = match self.running.len() {
                    0 => String::new(),
                    _ => "; the previous jobs stay in force".to_owned(),
                };
                self.status.set_problems("file", vec![format!("{problem}{previous}")]);
                return;
            }
        };
        self.status.set_problems("file", parsed.problems);
        self.status.set_warnings("file", parsed.warnings);
        let mut wanted: BTreeMap<String, Job> =
            parsed.jobs.into_iter().map(|job| (job.name.clone(), job)).collect();
        let ended: Vec<String> = self
            .running
            .iter()
            .filter(|(name, running)| wanted.get(*name) != Some(&running.job))
            .map(|(name, _)| name.clone())
            .collect();
        for running in ended.iter().filter_map(|name| self.running.get(name)) {
            running.stop.cancel();
        }
        for name in ended {
            if let Some(running) = self.running.remove(&name) {
                // The series of the old job end before those of the new job begin.
                running.end().await;
            }
            self.status.remove_all(&format!("job {name} "));
        }
        wanted.retain(|name, _| !self.running.contains_key(name));
        for (name, job) in wanted {
            let stop = CancellationToken::new();
            let (of_task, status, handles) = (job.clone(), self.status.clone(), self.handles.clone());
            let (bound, secrets) = (format!("{name} of {}", self.file), self.secrets.clone());
            let stopped = stop.clone();
            let task = tokio::spawn(async move {
                target_pool::run(of_task, &bound, status, handles, secrets, stopped).await;
            });
            self.running.insert(name, Running { job, stop, task });
        }
        if self.running.is_empty() {
            self.status.discovered();
            self.status.publish();
        }
    }

    async fn end(self) {
        for running in self.running.values() {
            running.stop.cancel();
        }
        for running in self.running.into_values() {
            running.end().await;
        }
    }
}

impl Running {
    async fn end(mut self) {
        self.stop.cancel();
        // A failed job has nothing left to end.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The jobs stop when the component is dropped.
        self.stop.cancel();
    }
}
