//! Processors: `/proc/stat` (proc(5)).

use model::Attributes;

use super::files::Kernel;
use crate::host::{
    telling::{Telling, tag},
    vitals,
};

/// Modes in the order of `/proc/stat`, by the names that OpenTelemetry gives them where it has one.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "interrupt", "softirq", "steal"];
const IDLE: usize = 3;
const IOWAIT: usize = 4;

/// Processor time since the start, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ticks {
    modes: [u64; MODES.len()],
    /// Of `user` and `nice`: spent by virtual machines.
    guest: [u64; 2],
}

impl Ticks {
    /// The share of the time since `earlier` in which the processor worked, from 0 to 1; none if no time
    /// passed.
    fn busy_since(&self, earlier: &Self) -> Option<f64> {
        let passed = |mode: usize| self.modes[mode].saturating_sub(earlier.modes[mode]);
        let total: u64 = (0..MODES.len()).map(passed).fold(0, u64::saturating_add);
        let resting = passed(IDLE).saturating_add(passed(IOWAIT));
        (total > 0).then(|| (1.0 - resting as f64 / total as f64).clamp(0.0, 1.0))
    }
}

/// What `/proc/stat` tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Statistics {
    pub(crate) all: Ticks,
    pub(crate) each: Vec<(u32, Ticks)>,
    pub(crate) context_switches: Option<u64>,
    pub(crate) interrupts: Option<u64>,
    pub(crate) soft_interrupts: Option<u64>,
    pub(crate) forks: Option<u64>,
    pub(crate) running: Option<u64>,
    pub(crate) blocked: Option<u64>,
    /// Seconds since the epoch.
    pub(crate) boot_time: Option<u64>,
}

pub(crate) fn parse(text: &str) -> Statistics {
    let mut statistics = Statistics::default();
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(' ') else { continue };
        // The line of interrupts has a number for each of them, thousands on some machines.
        let first = || rest.split_ascii_whitespace().next().and_then(|word| word.parse::<u64>().ok());
        match key {
            "cpu" => statistics.all = ticks(rest),
            "ctxt" => statistics.context_switches = first(),
            "intr" => statistics.interrupts = first(),
            "softirq" => statistics.soft_interrupts = first(),
            "processes" => statistics.forks = first(),
            "procs_running" => statistics.running = first(),
            "procs_blocked" => statistics.blocked = first(),
            "btime" => statistics.boot_time = first(),
            _ => {
                if let Some(number) = key.strip_prefix("cpu").and_then(|number| number.parse().ok()) {
                    statistics.each.push((number, ticks(rest)));
                }
            }
        }
    }
    statistics
}

fn ticks(text: &str) -> Ticks {
    let mut numbers = text.split_ascii_whitespace().map(|word| word.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    Ticks { modes: std::array::from_fn(|_| next()), guest: [next(), next()] }
}

/// `/proc/loadavg`.
pub(crate) fn parse_load(text: &str) -> Option<[f64; 3]> {
    let mut words = text.split_ascii_whitespace().map(|word| word.parse().ok());
    Some([words.next()??, words.next()??, words.next()??])
}

/// Tells processors; the shares need the statistics of the reading before.
pub(crate) fn tell(
    telling: &mut Telling,
    now: &Statistics,
    before: Option<&Statistics>,
    ticks_per_second: f64,
) {
    let seconds = |ticks: u64| ticks as f64 / ticks_per_second;
    for (number, ticks) in &now.each {
        let number = Attributes::new().with("cpu.logical_number", i64::from(*number));
        for (mode, ticks) in MODES.into_iter().zip(ticks.modes) {
            telling.counter("system.cpu.time", "s", number.clone().with("cpu.mode", mode), seconds(ticks));
        }
        // Nothing but zeros on a machine without virtual machines of its own.
        if ticks.guest != [0, 0] {
            for (mode, ticks) in ["user", "nice"].into_iter().zip(ticks.guest) {
                let attributes = number.clone().with("cpu.mode", mode);
                telling.counter("system.linux.cpu.guest.time", "s", attributes, seconds(ticks));
            }
        }
    }
    if let Some(before) = before {
        let each: Vec<(u32, f64)> = now
            .each
            .iter()
            .filter_map(|(number, ticks)| {
                let (_, earlier) = before.each.iter().find(|(known, _)| known == number)?;
                Some((*number, ticks.busy_since(earlier)?))
            })
            .collect();
        vitals::tell_busy(telling, now.all.busy_since(&before.all), &each);
    }
    if !now.each.is_empty() {
        telling.gauge("system.cpu.logical.count", "{cpu}", Attributes::new(), now.each.len() as f64);
    }
}

/// Time that threads ran on each processor and waited for it: `/proc/schedstat` (the kernel's `sched-stats.rst`, versions
/// 15 to 17), in nanoseconds.
pub(crate) fn tell_scheduler(telling: &mut Telling, text: &str) {
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let number = words.next().and_then(|word| word.strip_prefix("cpu")?.parse::<i64>().ok());
        let numbers: Vec<u64> = words.skip(6).map_while(|word| word.parse().ok()).collect();
        let (Some(number), [ran, waited, slices, ..]) = (number, &numbers[..]) else { continue };
        let number = Attributes::new().with("cpu.logical_number", number);
        for (state, nanos) in [("running", ran), ("waiting", waited)] {
            let attributes = number.clone().with("system.linux.scheduler.state", state);
            telling.counter("system.linux.scheduler.time", "s", attributes, *nanos as f64 / 1e9);
        }
        telling.counter("system.linux.scheduler.timeslices", "{timeslice}", number, *slices as f64);
    }
}

/// What the kernel counts about its own work.
pub(crate) fn tell_kernel(telling: &mut Telling, statistics: &Statistics, kernel: &Kernel) {
    let counters = [
        ("system.linux.context_switches", "{context_switch}", statistics.context_switches),
        ("system.linux.interrupts", "{interrupt}", statistics.interrupts),
        ("system.linux.soft_interrupts", "{interrupt}", statistics.soft_interrupts),
        ("system.process.created", "{process}", statistics.forks),
    ];
    for (name, unit, value) in counters {
        if let Some(value) = value {
            telling.counter(name, unit, Attributes::new(), value as f64);
        }
    }
    for (state, value) in [("running", statistics.running), ("blocked", statistics.blocked)] {
        if let Some(value) = value {
            let attributes = tag("process.state", state);
            telling.gauge("system.linux.run_queue.length", "{thread}", attributes, value as f64);
        }
    }
    let uptime = kernel.read_proc("uptime");
    let uptime = uptime.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
    vitals::tell_start(telling, uptime, statistics.boot_time.map(|seconds| seconds as f64));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::told;

    #[test]
    fn processors_are_read_together_and_each() {
        let before = parse("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 60 0 20 400 20 0 0 0 0 0\nintr 5 6\n");
        let after = parse(
            "cpu  150 0 70 850 60 10 10 0 0 0\ncpu0 60 0 20 500 20 0 0 0 7 0\nctxt 11\nbtime 99\nprocs_blocked 2\n",
        );
        // 50 user + 20 system + 20 interrupt of 150 ticks.
        assert!((after.all.busy_since(&before.all).unwrap() - 90.0 / 150.0).abs() < 1e-9);
        assert_eq!((after.each[0].0, after.each[0].1.guest), (0, [7, 0]));
        assert_eq!(after.all.busy_since(&after.all), None);
        assert_eq!(
            (before.interrupts, after.context_switches, after.boot_time),
            (Some(5), Some(11), Some(99))
        );
        assert_eq!(after.blocked, Some(2));
    }

    #[test]
    fn the_scheduler_tells_what_ran_and_what_waited() {
        let text = "version 15\ntimestamp 4297\ncpu0 1 2 3 4 5 6 2500000000 500000000 7\ndomain0 3 1 2\n\
            cpu1 0 0 0 0 0 0 5\ncpux 1 2 3 4 5 6 7 8 9\n";
        let (_, values) = told(|telling| tell_scheduler(telling, text));
        assert_eq!(values.len(), 3, "{values:?}");
        let time = |state| {
            values[&format!(
                "system.linux.scheduler.time{{cpu.logical_number=0,system.linux.scheduler.state={state}}}"
            )]
        };
        assert_eq!((time("running"), time("waiting")), (2.5, 0.5));
        assert_eq!(values["system.linux.scheduler.timeslices{cpu.logical_number=0}"], 7.0);
    }

    #[test]
    fn garbage_and_clocks_that_run_backwards_stay_within_bounds() {
        assert_eq!(parse("cpu x y\ncpu\ncpux 1\nctxt\nctxt -4\n\u{fffd}\n"), Statistics::default());
        let later = parse("cpu  10 0 10 900 0 0 0 0\n");
        let earlier = parse("cpu  50 0 10 100 0 0 0 0\n");
        assert_eq!(later.all.busy_since(&earlier.all), Some(0.0));
        let huge = parse(&format!("cpu  {0} {0} {0} {0}\n", u64::MAX));
        assert!(huge.all.busy_since(&earlier.all).is_some());
        assert_eq!(parse_load("0.5 1 2.25 1/2 3"), Some([0.5, 1.0, 2.25]));
        assert_eq!(parse_load("0.5 x"), None);
    }
}
