//! The scrape loop of one target.

use std::{sync::Arc, time::Duration};

use model::{Resource, TelemetryBatch, Timestamp};
use prometheus::{Assembled, AssemblyOptions};
use runtime::{Clock, HealthReporter, ResponseMemory, Schedule};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{
    http::{ScrapeError, ScrapeRequest, no_memory, seconds},
    job::Job,
    parsed_size,
    report::Report,
    status::TargetStatus,
    target::ScrapedTarget,
    target_series::TargetSeries,
};
use crate::batch_writer::BatchWriter;

/// Maximum memory of the samples of one scrape. A scrape of that size runs alone.
const MAX_PARSED_BYTES: usize = 512 << 20;
/// Maximum delay of the first scrape, so that the status of a new target is known soon.
const MAX_FIRST_DELAY: Duration = Duration::from_millis(500);

/// The reporters of a target's health.
pub(crate) struct LoopStatus {
    /// The health of the target.
    pub(crate) reporter: HealthReporter,
    /// The health of all targets of the component.
    pub(crate) targets: TargetStatus,
}

/// Scrapes `target` until `stop`, then ends its series.
pub(crate) async fn run(
    job: Arc<Job>,
    target: ScrapedTarget,
    request: ScrapeRequest,
    status: LoopStatus,
    store: Store,
    clock: Clock,
    stop: CancellationToken,
) {
    let LoopStatus { reporter, targets } = status;
    let mut scrape_loop = ScrapeLoop::new(&job, &target, request);
    let mut writer = BatchWriter::of_target(clock.clone(), store, reporter, stop.clone());
    let mut schedule = Schedule::new(target.interval, &target.schedule_seed());
    let mut wait = schedule.first_delay(MAX_FIRST_DELAY);
    let mut has_warned = false;
    loop {
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = stop.cancelled() => break,
        }
        let now = schedule.begin(clock.now());
        // Held until what was read is stored.
        let mut memory = scrape_loop.request.share.response();
        let scraped = scrape_loop.scrape(&clock, now, &mut memory, &stop).await;
        let Some((batch, problem)) = scraped else { break };
        scrape_loop.series.write(&mut writer, batch, &problem).await;
        drop(memory);
        targets.publish();
        if let Some(name) = scrape_loop.rounded.as_ref().filter(|_| !has_warned) {
            has_warned = true;
            let warning = format!(
                "{}: native histograms that count in fractions, such as {name}, are rounded to whole measurements",
                target.display()
            );
            targets
                .set_warnings(&format!("job {} rounded {}", job.name, target.schedule_seed()), vec![warning]);
        }
        wait = schedule.next_delay(clock.now());
    }
    let ended = scrape_loop.series.end(schedule.end(clock.now()));
    scrape_loop.series.write(&mut writer, ended, "").await;
}

/// A failed scrape, and the statistics of its body.
struct Failure {
    problem: String,
    /// As in [`Report::body_bytes`].
    body_bytes: i64,
    scraped: usize,
    relabelled: usize,
}

impl From<String> for Failure {
    fn from(problem: String) -> Self {
        Self { problem, body_bytes: 0, scraped: 0, relabelled: 0 }
    }
}

impl From<ScrapeError> for Failure {
    fn from(error: ScrapeError) -> Self {
        let body_bytes = if error.is_too_large { -1 } else { 0 };
        Self { body_bytes, ..Self::from(error.problem) }
    }
}

struct ScrapeLoop {
    request: ScrapeRequest,
    series: TargetSeries,
    include_classic: bool,
    track_timestamps: bool,
    max_samples: usize,
    /// Name of the first native histogram with rounded counts.
    rounded: Option<String>,
}

impl ScrapeLoop {
    fn new(job: &Job, scraped: &ScrapedTarget, request: ScrapeRequest) -> Self {
        let service = scraped.labels.get("job").unwrap_or(&job.name);
        let series = TargetSeries::new(AssemblyOptions {
            resource: Arc::new(Resource::service_named(service)),
            labels: scraped.labels.clone(),
            honor_labels: job.honor_labels,
            ignore_timestamps: job.ignore_timestamps,
            rules: job.metric_rules.clone(),
            limits: job.limits,
        });
        Self {
            request,
            series,
            include_classic: job.include_classic,
            track_timestamps: job.track_timestamps,
            max_samples: job.max_samples,
            rounded: None,
        }
    }

    /// Scrapes once. Returns the batch and the problem, which may be empty; none if `stop` came
    /// first.
    async fn scrape(
        &mut self,
        clock: &Clock,
        now: Timestamp,
        memory: &mut ResponseMemory,
        stop: &CancellationToken,
    ) -> Option<(TelemetryBatch, String)> {
        let began = clock.instant();
        let timeout = self.request.timeout;
        let scraped = tokio::select! {
            scraped = clock.timeout(timeout, self.fetch(now, memory)) => scraped.unwrap_or_else(|_| {
                Err(Failure::from(if memory.is_waiting() {
                    no_memory(timeout)
                } else {
                    format!("no complete answer within {} s", seconds(timeout))
                }))
            }),
            () = stop.cancelled() => return None,
        };
        let mut report = Report {
            took: clock.instant() - began,
            timeout,
            sample_limit: self.series.target.limits.samples,
            ..Report::default()
        };
        Some(match scraped {
            Ok((mut assembled, body_bytes)) => {
                report.body_bytes = body_bytes;
                if self.rounded.is_none() {
                    self.rounded = assembled.rounded.take();
                }
                let problem = assembled.warning();
                (self.series.record(assembled, report, now, self.track_timestamps), problem)
            }
            Err(failure) => {
                report.body_bytes = failure.body_bytes;
                (report.scraped, report.relabelled) = (failure.scraped, failure.relabelled);
                (self.series.fail(&report, now), failure.problem)
            }
        })
    }

    async fn fetch(
        &mut self,
        now: Timestamp,
        memory: &mut ResponseMemory,
    ) -> Result<(Assembled, i64), Failure> {
        let response = self.request.send(memory).await?;
        let (max_samples, include_classic) = (self.max_samples, self.include_classic);
        let body_bytes = i64::try_from(response.body.len()).unwrap_or(i64::MAX);
        let format = response.format;
        let labels = &self.series.target.labels;
        let parsed = parsed_size::estimate(&response.body, format, labels, max_samples);
        if parsed > MAX_PARSED_BYTES {
            let problem = format!("its samples need more than {} MiB of memory", MAX_PARSED_BYTES >> 20);
            return Err(Failure { body_bytes, ..Failure::from(problem) });
        }
        memory.grow_to(response.body.len().saturating_add(parsed)).await;
        let assembled = self.series.assemble(move |cache, target| {
            let failure = |problem| Failure { body_bytes, ..Failure::from(problem) };
            let reading = format
                .read(cache, &response.body, max_samples, include_classic)
                .map_err(|error| failure(format!("not {}: {error}", format.name())))?;
            cache.assemble(&reading, target, now).map_err(|error| Failure {
                scraped: error.scraped,
                relabelled: error.relabelled,
                ..failure(error.to_string())
            })
        });
        match assembled.await {
            Ok(assembled) => assembled.map(|assembled| (assembled, body_bytes)),
            Err(error) => Err(Failure::from(format!("reading the metrics failed: {error}"))),
        }
    }
}
