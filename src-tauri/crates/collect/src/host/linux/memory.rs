//! Memory: `/proc/meminfo` and `/proc/vmstat` (proc(5)).

use model::Attributes;

use super::collector::Reading;
use crate::host::{
    metrics::MemoryState,
    metrics_builder::{MetricsBuilder, tag},
};

/// Entries of `/proc/meminfo` with a metric of their own.
const WITH_OWN_METRIC: [&str; 5] = ["MemTotal", "MemFree", "MemAvailable", "SwapTotal", "SwapFree"];

/// Records memory.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    let text = reading.kernel.read_proc("meminfo");
    let entries = parse(&text);
    if let Some(state) = state(&entries) {
        state.record(builder);
        record_entries(builder, &entries);
    }
}

/// Records swap and paging.
pub(crate) fn record_swap_and_paging(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    if let Some(state) = state(&parse(&reading.kernel.read_proc("meminfo"))) {
        state.record_swap(builder);
    }
    record_paging(builder, &reading.kernel.read_proc("vmstat"));
}

/// Parses `/proc/meminfo`: name, true for an amount in bytes, and the amount.
fn parse(text: &str) -> Vec<(&str, bool, u64)> {
    text.lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(':')?;
            let mut words = rest.split_ascii_whitespace();
            let amount: u64 = words.next()?.parse().ok()?;
            let in_bytes = words.next() == Some("kB");
            Some((name.trim(), in_bytes, if in_bytes { amount.saturating_mul(1024) } else { amount }))
        })
        .collect()
}

/// Returns the state of memory and swap; none without a total.
fn state(entries: &[(&str, bool, u64)]) -> Option<MemoryState> {
    let found = |name: &str| entries.iter().find(|(entry, ..)| *entry == name).map(|(.., bytes)| *bytes);
    let entry = |name: &str| found(name).unwrap_or(0);
    let total = found("MemTotal").filter(|total| *total > 0)?;
    let (free, buffers) = (entry("MemFree"), entry("Buffers"));
    let cached = entry("Cached").saturating_add(entry("SReclaimable"));
    let resting = free.saturating_add(buffers).saturating_add(cached);
    Some(MemoryState {
        total,
        available: found("MemAvailable").unwrap_or(resting).min(total),
        states: vec![
            ("used", total.saturating_sub(resting)),
            ("free", free),
            ("buffers", buffers),
            ("cached", cached),
        ],
        swap_total: entry("SwapTotal"),
        swap_used: entry("SwapTotal").saturating_sub(entry("SwapFree")),
    })
}

/// Records every other entry by its name in the kernel.
fn record_entries(builder: &mut MetricsBuilder, entries: &[(&str, bool, u64)]) {
    for (name, in_bytes, amount) in entries.iter().filter(|(name, ..)| !WITH_OWN_METRIC.contains(name)) {
        let (metric, unit) = if *in_bytes {
            ("system.linux.memory.usage", "By")
        } else {
            ("system.linux.memory.huge_pages", "{page}")
        };
        builder.gauge(metric, unit, tag("linux.meminfo.entry", name), *amount as f64);
    }
}

/// Records `/proc/vmstat`: page faults, pages moved to and from disks and swap, and out-of-memory
/// kills.
fn record_paging(builder: &mut MetricsBuilder, text: &str) {
    let (mut faults, mut major) = (None, None);
    for line in text.lines() {
        let Some((name, value)) = line.split_once(' ') else { continue };
        let (metric, unit, attributes, factor) = match name {
            "pgfault" | "pgmajfault" => {
                let count = value.trim().parse::<u64>().ok();
                *(if name == "pgfault" { &mut faults } else { &mut major }) = count;
                continue;
            }
            "pswpin" => ("system.paging.operations", "{operation}", direction("in"), 1.0),
            "pswpout" => ("system.paging.operations", "{operation}", direction("out"), 1.0),
            "pgpgin" => ("system.linux.paging.io", "By", direction("in"), 1024.0),
            "pgpgout" => ("system.linux.paging.io", "By", direction("out"), 1024.0),
            "oom_kill" => ("system.linux.memory.oom_kills", "{kill}", Attributes::new(), 1.0),
            _ => continue,
        };
        if let Ok(value) = value.trim().parse::<u64>() {
            builder.counter(metric, unit, attributes, value as f64 * factor);
        }
    }
    if let (Some(faults), Some(major)) = (faults, major) {
        for (kind, faults) in [("major", major), ("minor", faults.saturating_sub(major))] {
            let attributes = tag("system.paging.fault.type", kind);
            builder.counter("system.paging.faults", "{fault}", attributes, faults as f64);
        }
    }
}

fn direction(name: &str) -> Attributes {
    tag("system.paging.direction", name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn memory_adds_up() {
        let entries = parse(
            "MemTotal: 100 kB\nMemFree: 30 kB\nMemAvailable: 60 kB\nBuffers: 10 kB\nCached: 20 kB\nSwapTotal: 8 kB\nSwapFree: 6 kB\nDirty: 4 kB\nHugePages_Total: 7\n",
        );
        let memory = state(&entries).unwrap();
        assert_eq!(memory.states.iter().map(|(_, bytes)| bytes).sum::<u64>(), memory.total);
        assert_eq!((memory.available, memory.swap_used), (60 * 1024, 2 * 1024));
        let (_, values) = recorded(|builder| record_entries(builder, &entries));
        assert_eq!(values["system.linux.memory.usage{linux.meminfo.entry=Dirty}"], 4096.0);
        assert_eq!(values["system.linux.memory.huge_pages{linux.meminfo.entry=HugePages_Total}"], 7.0);
        assert!(!values.contains_key("system.linux.memory.usage{linux.meminfo.entry=MemTotal}"));
    }

    #[test]
    fn faults_and_swapping_have_separate_series() {
        let (_, values) = recorded(|builder| {
            record_paging(
                builder,
                "a 1\npswpin 3\npgpgin 2\npgfault 10\npgmajfault 4\noom_kill 1\npswpout\n",
            );
        });
        assert_eq!(values["system.paging.operations{system.paging.direction=in}"], 3.0);
        assert_eq!(values["system.linux.paging.io{system.paging.direction=in}"], 2048.0);
        assert_eq!(values["system.paging.faults{system.paging.fault.type=minor}"], 6.0);
        assert_eq!(values["system.linux.memory.oom_kills{}"], 1.0);
        assert_eq!(values.len(), 5);
    }

    #[test]
    fn garbage_gives_no_series() {
        assert_eq!(state(&parse("nonsense")), None);
        assert_eq!(state(&parse("MemTotal: 0 kB\n")), None);
        assert_eq!(state(&parse("MemTotal: 99999999999999999999999 kB\nMemFree: -1 kB")), None);
        let huge = format!("MemTotal: {0} kB\nMemFree: {0} kB\nBuffers: {0} kB\nCached: {0} kB", u64::MAX);
        assert!(state(&parse(&huge)).is_some());
        assert!(recorded(|builder| record_paging(builder, "pgfault x\npgmajfault 1\n\u{0} 3")).1.is_empty());
    }
}
