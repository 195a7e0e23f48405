//! The collector of metrics that a command prints.

use std::{process::Stdio, sync::Arc, time::Duration};

use model::{HealthState, Resource, Timestamp};
use prometheus::{Assembled, AssemblyOptions};
use runtime::{Clock, HealthReporter, Schedule};
use store::Store;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::{Child, Command},
};
use tokio_util::sync::CancellationToken;

use crate::{
    batch_writer::BatchWriter,
    host_name::host_name,
    scrape::{Report, TargetSeries},
};

/// Maximum number of bytes on standard output.
const MAX_BYTES: usize = 16 * 1024 * 1024;
const MAX_SAMPLES: usize = 200_000;
/// Maximum number of bytes of standard error, of which the first line is reported.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// Runs `settings.run` at once and then once per interval until `stop`. Stores its output, which is
/// in the Prometheus text format, with `up` and the `scrape_…` series. A run that exceeds its
/// timeout is killed with its children.
pub async fn run_command(
    settings: config::Command,
    store: Store,
    clock: Clock,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let Some((program, arguments)) = settings.run.split_first() else {
        reporter.report(HealthState::Unhealthy, "the command names no program".to_owned());
        stop.cancelled().await;
        return;
    };
    let mut labels = settings.labels.clone();
    labels.entry("job".to_owned()).or_insert_with(|| settings.name.clone());
    labels.entry("instance".to_owned()).or_insert_with(host_name);
    let resource = Arc::new(Resource::service_named(&settings.name));
    let mut series = TargetSeries::new(AssemblyOptions { resource, labels, ..AssemblyOptions::default() });
    let interval = Duration::from_secs(u64::from(settings.interval_seconds.max(1)));
    let timeout = Duration::from_secs(u64::from(settings.timeout_seconds.max(1)));
    let mut writer = BatchWriter::of_target(clock.clone(), store, reporter, stop.clone());
    let mut schedule = Schedule::new(interval, &settings.name);
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = stop.cancelled() => break,
        }
        let (now, began) = (schedule.begin(clock.now()), clock.instant());
        let printed = tokio::select! {
            printed = run_once(&clock, program, arguments, timeout) => printed,
            () = stop.cancelled() => break,
        };
        let mut report = Report { took: clock.instant() - began, timeout, ..Report::default() };
        let assembled = match printed {
            Ok(text) => {
                report.body_bytes = i64::try_from(text.len()).unwrap_or(i64::MAX);
                assemble(text, &mut series, now).await
            }
            Err(problem) => Err(problem),
        };
        let (batch, problem) = match assembled {
            Ok(assembled) => {
                let warning = assembled.warning();
                (series.record(assembled, report, now, false), warning)
            }
            Err(problem) => (series.fail(&report, now), problem),
        };
        series.write(&mut writer, batch, &problem).await;
        wait = schedule.next_delay(clock.now());
    }
    let ended = series.end(schedule.end(clock.now()));
    series.write(&mut writer, ended, "").await;
}

async fn assemble(text: Vec<u8>, series: &mut TargetSeries, now: Timestamp) -> Result<Assembled, String> {
    let assembled = series.assemble(move |cache, target| {
        let reading = cache.read_text(&text, MAX_SAMPLES).map_err(|error| error.to_string())?;
        cache.assemble(&reading, target, now).map_err(|error| error.to_string())
    });
    match assembled.await {
        Ok(Ok(assembled)) => Ok(assembled),
        Ok(Err(error)) => Err(format!("the output is not in the Prometheus text format: {error}")),
        Err(error) => Err(format!("reading the output failed: {error}")),
    }
}

/// Returns the output of the program. Errors: it cannot be run, fails, prints too much, or exceeds
/// the timeout.
async fn run_once(
    clock: &Clock,
    program: &str,
    arguments: &[String],
    timeout: Duration,
) -> Result<Vec<u8>, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    // A process group of its own, so that the children can be killed with it.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    let mut group = ProcessGroup::of(&child);
    let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("its output cannot be read".to_owned());
    };
    let finished = clock.timeout(timeout, async {
        let (output, errors) = tokio::join!(read(output, MAX_BYTES), read(errors, MAX_ERROR_BYTES));
        (output, errors, child.wait().await)
    });
    let Ok((output, errors, status)) = finished.await else {
        return Err(format!("killed after {} s, its timeout", timeout.as_secs()));
    };
    let status = status.map_err(|error| format!("its exit code cannot be read: {error}"))?;
    group.done = true;
    let (output, is_too_much) = output;
    if is_too_much {
        return Err(format!("printed more than {} MiB", MAX_BYTES / 1024 / 1024));
    }
    if status.success() {
        return Ok(output);
    }
    let errors = String::from_utf8_lossy(&errors.0);
    let first: String =
        errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("").chars().take(200).collect();
    let first: String = first.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let outcome = match status.code() {
        Some(code) => format!("failed with exit code {code}"),
        None => status.to_string(),
    };
    Err(if first.is_empty() { outcome } else { format!("{outcome}: {first}") })
}

/// Reads up to `limit` bytes; returns true if there were more. The rest is read and dropped, so
/// that the program does not hang on a full pipe.
async fn read(mut source: impl AsyncRead + Unpin, limit: usize) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    let mut is_too_much = false;
    while let Ok(count @ 1..) = source.read(&mut chunk).await {
        let remaining = limit - bytes.len();
        is_too_much |= count > remaining;
        bytes.extend_from_slice(&chunk[..count.min(remaining)]);
    }
    (bytes, is_too_much)
}

/// The processes of one run; they are killed together unless the run ended by itself.
struct ProcessGroup {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
    done: bool,
}

impl ProcessGroup {
    fn of(child: &Child) -> Self {
        Self {
            #[cfg(unix)]
            leader: child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)),
            done: false,
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let (false, Some(leader)) = (self.done, self.leader) {
            // The group may have ended already.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}
