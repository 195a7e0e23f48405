//! Statistics of processors and the kernel: `/proc/stat` (proc(5)).

/// Modes in the order of `/proc/stat`, with the names of OpenTelemetry where it has one.
pub(crate) const MODES: [&str; 8] =
    ["user", "nice", "system", "idle", "iowait", "interrupt", "softirq", "steal"];
const IDLE: usize = 3;
const IOWAIT: usize = 4;

/// Processor time since the start, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ticks {
    pub(crate) modes: [u64; MODES.len()],
    /// The share of `user` and `nice` that virtual machines used.
    pub(crate) guest: [u64; 2],
}

impl Ticks {
    /// Returns the busy share of the time since `earlier`, from 0 to 1; none if no time passed.
    pub(crate) fn busy_since(&self, earlier: &Self) -> Option<f64> {
        let passed = |mode: usize| self.modes[mode].saturating_sub(earlier.modes[mode]);
        let total: u64 = (0..MODES.len()).map(passed).fold(0, u64::saturating_add);
        let resting = passed(IDLE).saturating_add(passed(IOWAIT));
        (total > 0).then(|| (1.0 - resting as f64 / total as f64).clamp(0.0, 1.0))
    }
}

/// The content of `/proc/stat`.
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

/// Parses `/proc/stat`.
pub(crate) fn parse(text: &str) -> Statistics {
    let mut statistics = Statistics::default();
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(' ') else { continue };
        // The line of interrupts has thousands of numbers on some machines.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_read_in_total_and_each() {
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
    fn garbage_and_clocks_that_run_backwards_give_valid_shares() {
        assert_eq!(parse("cpu x y\ncpu\ncpux 1\nctxt\nctxt -4\n\u{fffd}\n"), Statistics::default());
        let later = parse("cpu  10 0 10 900 0 0 0 0\n");
        let earlier = parse("cpu  50 0 10 100 0 0 0 0\n");
        assert_eq!(later.all.busy_since(&earlier.all), Some(0.0));
        let huge = parse(&format!("cpu  {0} {0} {0} {0}\n", u64::MAX));
        assert!(huge.all.busy_since(&earlier.all).is_some());
    }
}
