//! The targets of a job: started when they are discovered, ended when they are gone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use model::Labels;
use reqwest::Client;
use store::Store;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{board::Board, discovery::Found, fetch::Question, job::Job, rounds, target::ScrapedTarget};

/// Changes that come together are applied together.
const QUIET: Duration = Duration::from_millis(50);

/// Scrapes everything that the job discovers until `stop`, and returns when all its series have ended.
pub(crate) async fn run(job: Job, board: Board, store: Store, stop: CancellationToken) {
    let notices = job.notices.clone();
    let source = format!("job {} settings", job.name);
    board.notice(&source, notices);
    board.remark(&source, job.remarks.clone());
    let (sender, mut found) = mpsc::channel(64);
    let mut tasks = JoinSet::new();
    for (index, discovery) in job.discoveries.iter().cloned().enumerate() {
        tasks.spawn(discovery.run(index, job.clone(), sender.clone(), stop.clone()));
    }
    drop(sender);
    let mut pool = Pool::new(Arc::new(job), board.clone(), store);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some((index, next)) = found.recv() => {
                pool.found(index, next);
                tokio::time::sleep(QUIET).await;
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

struct Pool {
    job: Arc<Job>,
    board: Board,
    store: Store,
    /// What each discovery found last.
    sources: BTreeMap<usize, Vec<Labels>>,
    /// Discoveries that told something yet.
    heard: BTreeSet<usize>,
    running: HashMap<String, CancellationToken>,
    tasks: JoinSet<()>,
    client: Option<Client>,
}

impl Pool {
    fn new(job: Arc<Job>, board: Board, store: Store) -> Self {
        Self {
            job,
            board,
            store,
            sources: BTreeMap::new(),
            heard: BTreeSet::new(),
            running: HashMap::new(),
            tasks: JoinSet::new(),
            client: None,
        }
    }

    fn found(&mut self, index: usize, found: Found) {
        let source = format!("job {} discovery {index}", self.job.name);
        self.heard.insert(index);
        self.board.notice(&source, found.problem.into_iter().collect());
        if let Some(targets) = found.targets {
            self.sources.insert(index, targets);
        }
    }

    /// Starts and ends targets until what runs is what was found.
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
        let most = self.job.most_targets;
        if most > 0 && wanted.len() > most {
            let problem = format!("{} targets, the limit is {most}: none is scraped", wanted.len());
            problems.push(self.of_job(&problem));
            wanted.clear();
        }
        self.running.retain(|key, stop| {
            let stays = wanted.contains_key(key);
            if !stays {
                stop.cancel();
                self.board.leave(key);
            }
            stays
        });
        for (key, target) in wanted {
            if self.running.contains_key(&key) {
                continue;
            }
            match self.question(&target).await {
                Ok(question) => {
                    let stop = CancellationToken::new();
                    let (job, board, store) = (self.job.clone(), self.board.clone(), self.store.clone());
                    let reporter = board.enter(&key, &target.shown());
                    let voice = rounds::Voice { reporter, board };
                    self.tasks.spawn(rounds::run(job, target, question, voice, store, stop.clone()));
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
        if self.heard.len() == self.job.discoveries.len() {
            self.board.has_looked();
        }
        self.board.notice(&format!("job {} targets", self.job.name), problems);
    }

    /// A part may have many jobs.
    fn of_job(&self, problem: &str) -> String {
        format!("job {:?}: {problem}", self.job.name)
    }

    async fn question(&mut self, target: &ScrapedTarget) -> Result<Question, String> {
        let access = &self.job.access;
        let real = target.url.host_str().unwrap_or_default().to_owned();
        let client = match &self.client {
            Some(client) if !access.is_per_target() => client.clone(),
            _ => {
                let access = access.clone();
                let client = tokio::task::spawn_blocking(move || access.client(&real)).await;
                client.map_err(|error| format!("cannot make requests: {error}"))??
            }
        };
        self.client = Some(client.clone());
        let (url, host) = access.addressed(&target.url)?;
        Ok(Question {
            client,
            url,
            host,
            access: access.clone(),
            accept: self.job.accept.clone(),
            fallback: self.job.fallback,
            timeout: target.timeout,
            most_bytes: self.job.most_bytes,
        })
    }

    async fn end(mut self) {
        for stop in self.running.values() {
            stop.cancel();
        }
        while self.tasks.join_next().await.is_some() {}
    }
}
