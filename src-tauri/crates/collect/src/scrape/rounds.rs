//! One target, scraped round after round.

use std::{sync::Arc, time::Duration};

use model::{Cadence, HealthReporter, Resource, TelemetryBatch, Timestamp};
use prometheus::{Assembled, AssemblyOptions, StalenessTracker};
use store::Store;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    board::Board,
    fetch::{Question, Unanswered},
    job::Job,
    report::Report,
    target::ScrapedTarget,
};
use crate::{clock, delivery::Delivery};

/// The first scrape comes within this time, so that a target just added is seen soon.
const SOON: Duration = Duration::from_secs(1);

/// Where a target says how it is.
pub(crate) struct Voice {
    /// For itself.
    pub(crate) reporter: HealthReporter,
    /// Among the others of its part.
    pub(crate) board: Board,
}

/// Scrapes `target` until `stop`; then its series end.
pub(crate) async fn run(
    job: Arc<Job>,
    target: ScrapedTarget,
    question: Question,
    voice: Voice,
    store: Store,
    stop: CancellationToken,
) {
    let Voice { reporter, board } = voice;
    let mut rounds = Rounds::new(&job, &target, question);
    let mut delivery = Delivery::new(store, reporter, stop.clone());
    let mut cadence = Cadence::new(target.interval, &target.identity());
    let mut wait = cadence.first_wait(SOON);
    let mut told_rounded = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => break,
        }
        let now = cadence.begin(clock::now());
        let Some((batch, problem)) = rounds.scrape(now, &stop).await else { break };
        delivery.write(batch, &problem).await;
        board.publish();
        if let Some(name) = rounds.rounded.as_ref().filter(|_| !told_rounded) {
            told_rounded = true;
            let remark = format!(
                "{}: native histograms that count in fractions, such as {name}, are rounded to whole measurements",
                target.shown()
            );
            board.remark(&format!("job {} rounded {}", job.name, target.identity()), vec![remark]);
        }
        wait = cadence.next_wait(clock::now());
    }
    delivery.write(rounds.end(cadence.end(clock::now())), "").await;
}

/// Why a scrape failed, and what is known of the answer all the same.
struct Failure {
    problem: String,
    /// As in [`Report::body_bytes`].
    body_bytes: i64,
    scraped: usize,
    kept: usize,
}

impl From<String> for Failure {
    fn from(problem: String) -> Self {
        Self { problem, body_bytes: 0, scraped: 0, kept: 0 }
    }
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        let body_bytes = if unanswered.is_too_large { -1 } else { 0 };
        Self { body_bytes, ..Self::from(unanswered.problem) }
    }
}

struct Rounds {
    question: Question,
    target: AssemblyOptions,
    kept: StalenessTracker,
    classic_too: bool,
    track_timestamps: bool,
    most_samples: usize,
    /// The first native histogram whose counts had to be rounded, by name.
    rounded: Option<String>,
}

impl Rounds {
    fn new(job: &Job, scraped: &ScrapedTarget, question: Question) -> Self {
        let service = scraped.labels.get("job").unwrap_or(&job.name);
        let resource = Arc::new(Resource::service_named(service));
        let target = AssemblyOptions {
            resource: resource.clone(),
            labels: scraped.labels.clone(),
            honor_labels: job.honor_labels,
            ignore_timestamps: job.ignore_timestamps,
            rules: job.metric_rules.clone(),
            limits: job.limits,
        };
        Self {
            question,
            target,
            kept: StalenessTracker::new(resource),
            classic_too: job.classic_too,
            track_timestamps: job.track_timestamps,
            most_samples: job.most_samples,
            rounded: None,
        }
    }

    /// One scrape: its batch and what was wrong, empty if nothing. Nothing if `stop` came first.
    async fn scrape(&mut self, now: Timestamp, stop: &CancellationToken) -> Option<(TelemetryBatch, String)> {
        let began = Instant::now();
        let timeout = self.question.timeout;
        let scraped = tokio::select! {
            scraped = tokio::time::timeout(timeout, self.ask(now)) => scraped.unwrap_or_else(|_| {
                Err(Failure::from(format!("no complete answer within {} s", super::fetch::seconds(timeout))))
            }),
            () = stop.cancelled() => return None,
        };
        let mut report = Report {
            took: began.elapsed(),
            timeout,
            sample_limit: self.target.limits.samples,
            ..Report::default()
        };
        let (mut batch, problem) = match scraped {
            Ok((mut assembled, body_bytes)) => {
                report.up = true;
                report.body_bytes = body_bytes;
                (report.scraped, report.kept) = (assembled.scraped, assembled.relabelled);
                if self.rounded.is_none() {
                    self.rounded = assembled.rounded.take();
                }
                report.added = self.kept.record(&mut assembled, now, self.track_timestamps);
                let problem = assembled.warning();
                (assembled.batch, problem)
            }
            Err(failure) => {
                report.body_bytes = failure.body_bytes;
                (report.scraped, report.kept) = (failure.scraped, failure.kept);
                let mut batch = TelemetryBatch::default();
                self.kept.end_all(&mut batch, now);
                (batch, failure.problem)
            }
        };
        report.add(&mut batch, &self.target.resource, &self.target.labels, now);
        Some((batch, problem))
    }

    async fn ask(&self, now: Timestamp) -> Result<(Assembled, i64), Failure> {
        let answer = self.question.ask().await?;
        let (target, most_samples, classic_too) = (self.target.clone(), self.most_samples, self.classic_too);
        let body_bytes = i64::try_from(answer.body.len()).unwrap_or(i64::MAX);
        let format = answer.format;
        let assembled = tokio::task::spawn_blocking(move || {
            let failure = |problem| Failure { body_bytes, ..Failure::from(problem) };
            let exposition = format
                .parse(&answer.body, most_samples, classic_too)
                .map_err(|error| failure(format!("not {}: {error}", format.name())))?;
            prometheus::assemble(&exposition, &target, now).map_err(|error| Failure {
                scraped: error.scraped,
                kept: error.relabelled,
                ..failure(error.to_string())
            })
        });
        match assembled.await {
            Ok(assembled) => assembled.map(|assembled| (assembled, body_bytes)),
            Err(error) => Err(Failure::from(format!("reading the metrics failed: {error}"))),
        }
    }

    /// The end of all series of the target.
    fn end(&mut self, now: Timestamp) -> TelemetryBatch {
        let mut batch = TelemetryBatch::default();
        self.kept.end_all(&mut batch, now);
        Report::end(&mut batch, &self.target.resource, &self.target.labels, now);
        batch
    }
}
