//! Processors: `/proc/stat` and `/proc/schedstat` (proc(5)).

use model::Attributes;

use super::{
    collector::Reading,
    cpu_statistics::{MODES, Statistics},
};
use crate::host::{metrics, metrics_builder::MetricsBuilder};

/// Records the time and the share of each processor and the work of the scheduler.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    record_processors(builder, reading.statistics, reading.previous, reading.units.ticks_per_second);
    record_scheduler(builder, &reading.kernel.read_proc("schedstat"));
}

/// Records processors; shares need the statistics of the previous reading.
fn record_processors(
    builder: &mut MetricsBuilder,
    now: &Statistics,
    before: Option<&Statistics>,
    ticks_per_second: f64,
) {
    let seconds = |ticks: u64| ticks as f64 / ticks_per_second;
    for (number, ticks) in &now.each {
        let number = Attributes::new().with("cpu.logical_number", i64::from(*number));
        for (mode, ticks) in MODES.into_iter().zip(ticks.modes) {
            builder.counter("system.cpu.time", "s", number.clone().with("cpu.mode", mode), seconds(ticks));
        }
        // A machine that runs no virtual machines has zeros only.
        if ticks.guest != [0, 0] {
            for (mode, ticks) in ["user", "nice"].into_iter().zip(ticks.guest) {
                let attributes = number.clone().with("cpu.mode", mode);
                builder.counter("system.linux.cpu.guest.time", "s", attributes, seconds(ticks));
            }
        }
    }
    if let Some(before) = before {
        let each: Vec<(u32, f64)> = now
            .each
            .iter()
            .filter_map(|(number, ticks)| {
                let (_, earlier) = before.each.iter().find(|(other, _)| other == number)?;
                Some((*number, ticks.busy_since(earlier)?))
            })
            .collect();
        metrics::record_busy(builder, now.all.busy_since(&before.all), &each);
    }
    if !now.each.is_empty() {
        builder.gauge("system.cpu.logical.count", "{cpu}", Attributes::new(), now.each.len() as f64);
    }
}

/// Records the time in which threads ran on each processor or waited for it: `/proc/schedstat` (the
/// kernel's `sched-stats.rst`, versions 15 to 17), in nanoseconds.
fn record_scheduler(builder: &mut MetricsBuilder, text: &str) {
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let number = words.next().and_then(|word| word.strip_prefix("cpu")?.parse::<i64>().ok());
        let numbers: Vec<u64> = words.skip(6).map_while(|word| word.parse().ok()).collect();
        let (Some(number), [ran, waited, slices, ..]) = (number, &numbers[..]) else { continue };
        let number = Attributes::new().with("cpu.logical_number", number);
        for (state, nanos) in [("running", ran), ("waiting", waited)] {
            let attributes = number.clone().with("system.linux.scheduler.state", state);
            builder.counter("system.linux.scheduler.time", "s", attributes, *nanos as f64 / 1e9);
        }
        builder.counter("system.linux.scheduler.timeslices", "{timeslice}", number, *slices as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn the_scheduler_gives_running_and_waiting_time() {
        let text = "version 15\ntimestamp 4297\ncpu0 1 2 3 4 5 6 2500000000 500000000 7\ndomain0 3 1 2\n\
            cpu1 0 0 0 0 0 0 5\ncpux 1 2 3 4 5 6 7 8 9\n";
        let (_, values) = recorded(|builder| record_scheduler(builder, text));
        assert_eq!(values.len(), 3, "{values:?}");
        let time = |state| {
            values[&format!(
                "system.linux.scheduler.time{{cpu.logical_number=0,system.linux.scheduler.state={state}}}"
            )]
        };
        assert_eq!((time("running"), time("waiting")), (2.5, 0.5));
        assert_eq!(values["system.linux.scheduler.timeslices{cpu.logical_number=0}"], 7.0);
    }
}
