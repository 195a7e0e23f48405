//! The running scrape loops of a job.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use model::Labels;
use reqwest::Client;
use runtime::ResponseShare;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{
    discovery::{DiscoveryResult, ResultSender},
    http::ScrapeRequest,
    job::Job,
    scrape_loop,
    secret_servers::{self, SecretGuard},
    status::TargetStatus,
    target::ScrapedTarget,
};
use crate::PullHandles;

/// Maximum number of targets of a job without a limit of its own.
const MAX_TARGETS: usize = 2_000;
/// Duration in which changes are combined.
const QUIET: Duration = Duration::from_millis(50);

/// Scrapes the discovered targets of the job until `stop`. Returns after the end of all series.
/// Their responses share a part of the budget. The name identifies the job to the guard of secrets.
pub(crate) async fn run(
    job: Job,
    name: &str,
    status: TargetStatus,
    handles: PullHandles,
    guard: Option<Arc<dyn SecretGuard>>,
    stop: CancellationToken,
) {
    if let Some(guard) = &guard {
        let confirmed = tokio::select! {
            confirmed = secret_servers::confirmed(&job, name, &**guard, &status) => confirmed,
            () = stop.cancelled() => return,
        };
        if let Err(problem) = confirmed {
            status.set_problems(&secret_servers::status_source(&job), vec![problem]);
            stop.cancelled().await;
            return;
        }
    }
    let share = handles.responses.client();
    let problems = job.problems.clone();
    let source = format!("job {} settings", job.name);
    status.set_problems(&source, problems);
    status.set_warnings(&source, job.warnings.clone());
    let (sender, mut found) = mpsc::channel(64);
    let mut tasks = JoinSet::new();
    for (index, discovery) in job.discoveries.iter().cloned().enumerate() {
        let results = ResultSender::new(index, sender.clone());
        tasks.spawn(discovery.run(
            job.name.clone(),
            handles.clock.clone(),
            share.clone(),
            results,
            stop.clone(),
        ));
    }
    drop(sender);
    let mut pool = TargetPool::new(Arc::new(job), status.clone(), handles.clone(), share);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some((index, next)) = found.recv() => {
                pool.found(index, next);
                handles.clock.sleep(QUIET).await;
                while let Ok((index, next)) = found.try_recv() {
                    pool.found(index, next);
                }
                pool.follow().await;
            }
        }
    }
    pool.end().await;
    tasks.shutdown().await;
}

struct TargetPool {
    job: Arc<Job>,
    status: TargetStatus,
    handles: PullHandles,
    share: ResponseShare,
    /// The last result of each discovery.
    sources: BTreeMap<usize, Vec<Labels>>,
    /// Discoveries with a result.
    reported: BTreeSet<usize>,
    running: HashMap<String, CancellationToken>,
    tasks: JoinSet<()>,
    client: Option<Client>,
}

impl TargetPool {
    fn new(job: Arc<Job>, status: TargetStatus, handles: PullHandles, share: ResponseShare) -> Self {
        Self {
            job,
            status,
            handles,
            share,
            sources: BTreeMap::new(),
            reported: BTreeSet::new(),
            running: HashMap::new(),
            tasks: JoinSet::new(),
            client: None,
        }
    }

    fn found(&mut self, index: usize, found: DiscoveryResult) {
        let source = format!("job {} discovery {index}", self.job.name);
        self.reported.insert(index);
        self.status.set_problems(&source, found.problem.into_iter().collect());
        if let Some(targets) = found.targets {
            self.sources.insert(index, targets);
        }
    }

    /// Starts and stops scrape loops until they match the discovered targets.
    async fn follow(&mut self) {
        let mut wanted: BTreeMap<String, ScrapedTarget> = BTreeMap::new();
        let mut problems: Vec<String> = Vec::new();
        for found in self.sources.values().flatten() {
            match ScrapedTarget::discovered(&self.job, found) {
                Ok(Some(target)) => {
                    wanted.insert(target.key(), target);
                }
                Ok(None) => {}
                Err(problem) => problems.push(self.of_job(&problem)),
            }
        }
        let limit = if self.job.max_targets == 0 { MAX_TARGETS } else { self.job.max_targets };
        if wanted.len() > limit {
            let problem = format!(
                "{} targets, the limit is {limit}: none is scraped. Find fewer, or raise target_limit of the job",
                wanted.len()
            );
            problems.push(self.of_job(&problem));
            wanted.clear();
        }
        self.running.retain(|key, stop| {
            let stays = wanted.contains_key(key);
            if !stays {
                stop.cancel();
                self.status.remove(key);
            }
            stays
        });
        for (key, target) in wanted {
            if self.running.contains_key(&key) {
                continue;
            }
            match self.request(&target).await {
                Ok(request) => {
                    let stop = CancellationToken::new();
                    let (job, status) = (self.job.clone(), self.status.clone());
                    let PullHandles { store, clock, .. } = self.handles.clone();
                    let reporter = status.add(&key, &target.display());
                    let status = scrape_loop::LoopStatus { reporter, targets: status };
                    self.tasks.spawn(scrape_loop::run(
                        job,
                        target,
                        request,
                        status,
                        store,
                        clock,
                        stop.clone(),
                    ));
                    self.running.insert(key, stop);
                }
                Err(problem) => problems.push(self.of_job(&problem)),
            }
        }
        while self.tasks.try_join_next().is_some() {}
        let count = problems.len();
        problems.dedup();
        problems.truncate(3);
        if count > 3 {
            problems.push(format!("and {} more", count - 3));
        }
        if self.reported.len() == self.job.discoveries.len() {
            self.status.discovered();
        }
        self.status.set_problems(&format!("job {} targets", self.job.name), problems);
    }

    /// Prefixes a message with the job, since a component may have many.
    fn of_job(&self, problem: &str) -> String {
        format!("job {:?}: {problem}", self.job.name)
    }

    async fn request(&mut self, target: &ScrapedTarget) -> Result<ScrapeRequest, String> {
        let settings = &self.job.client_settings;
        let client = match &self.client {
            Some(client) if !settings.is_per_target() => client.clone(),
            _ => {
                let (settings, url) = (settings.clone(), target.url.clone());
                let client = tokio::task::spawn_blocking(move || settings.client(&url)).await;
                client.map_err(|error| format!("cannot make requests: {error}"))??
            }
        };
        self.client = Some(client.clone());
        let (url, host) = settings.request_url(&target.url)?;
        Ok(ScrapeRequest {
            client,
            url,
            host,
            client_settings: settings.clone(),
            accept: self.job.accept.clone(),
            fallback: self.job.fallback,
            timeout: target.timeout,
            max_bytes: self.job.max_bytes,
            share: self.share.clone(),
        })
    }

    async fn end(mut self) {
        for stop in self.running.values() {
            stop.cancel();
        }
        while self.tasks.join_next().await.is_some() {}
    }
}
