//! The settings file of a Prometheus, read as it is and followed when it changes.

mod read;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use model::HealthReporter;
use notify::{EventKind, RecursiveMode, Watcher};
use store::Store;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::read::Parsed;
use super::{board::Board, job::Job, pool};

/// The file is read once it was left alone this long.
const QUIET: Duration = Duration::from_millis(200);
/// How often the file is looked at where no change is told.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Larger files are refused.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Scrapes what the file of `settings` names until `stop`, and follows the file: jobs that did not change go on. A
/// file that cannot be read leaves what it said before in force. What of it is not understood stands in the part's
/// status.
pub async fn run_prometheus_file(
    settings: config::PrometheusFile,
    store: Store,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let path = from_home(&settings.file);
    let (sender, mut changes) = mpsc::channel(1);
    let watcher = watch(&path, sender);
    let mut jobs = Jobs { board: Board::new(reporter), store, running: BTreeMap::new() };
    let mut seen = None;
    loop {
        let now_seen = look(&path).await;
        if seen.as_ref() != Some(&now_seen) {
            jobs.follow(read_file(&path).await).await;
            seen = Some(now_seen);
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(LOOK_EVERY) => {}
            Some(()) = changes.recv() => {
                tokio::time::sleep(QUIET).await;
                while changes.try_recv().is_ok() {}
            }
        }
    }
    drop(watcher);
    jobs.end().await;
}

fn from_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => PathBuf::from(path),
    }
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
            // Full means that a change is told already.
            let _ = sender.try_send(());
        }
    };
    let mut watcher = notify::recommended_watcher(handler).ok()?;
    watcher.watch(path.parent()?, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

/// What tells one version of the file from the next without reading it.
async fn look(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = tokio::fs::metadata(path).await.ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

async fn read_file(path: &Path) -> Result<Parsed, String> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let failed = |error: std::io::Error| format!("cannot read {}: {}", path.display(), error.kind());
        if fs::metadata(&path).map_err(failed)?.len() > MOST_BYTES {
            return Err(format!("{} is larger than {} MiB", path.display(), MOST_BYTES / 1024 / 1024));
        }
        let text = fs::read_to_string(&path).map_err(failed)?;
        let folder = path.parent().unwrap_or_else(|| Path::new("/"));
        read::parse(&text, folder).map_err(|problem| format!("{}: {problem}", path.display()))
    });
    read.await.unwrap_or_else(|error| Err(format!("reading the file failed: {error}")))
}

struct Running {
    job: Job,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

struct Jobs {
    board: Board,
    store: Store,
    running: BTreeMap<String, Running>,
}

impl Jobs {
    /// Starts, ends and changes jobs until they are what the file says.
    async fn follow(&mut self, parsed: Result<Parsed, String>) {
        let parsed = match parsed {
            Ok(parsed) => parsed,
            Err(problem) => {
                let kept = match self.running.len() {
                    0 => String::new(),
                    _ => "; what it said before stays in force".to_owned(),
                };
                self.board.notice("file", vec![format!("{problem}{kept}")]);
                return;
            }
        };
        self.board.notice("file", parsed.notices);
        self.board.remark("file", parsed.remarks);
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
                // Its series end before those of the job that takes its place begin.
                running.end().await;
            }
            self.board.forget(&format!("job {name} "));
        }
        wanted.retain(|name, _| !self.running.contains_key(name));
        for (name, job) in wanted {
            let stop = CancellationToken::new();
            let task =
                tokio::spawn(pool::run(job.clone(), self.board.clone(), self.store.clone(), stop.clone()));
            self.running.insert(name, Running { job, stop, task });
        }
        if self.running.is_empty() {
            self.board.has_looked();
            self.board.publish();
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
        // A job that failed has nothing left to end.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // When the part itself is dropped its jobs must not go on.
        self.stop.cancel();
    }
}
