//! The parts of `/proc` that are read directly: formats as in proc(5) and the kernel's
//! `Documentation/admin-guide/iostats.rst`.

use std::collections::HashMap;

use super::vitals::{DiskCounters, InterfaceCounters, MemoryState};

/// Bytes of a sector in `/proc/diskstats`, whatever the disk says of itself.
const SECTOR: u64 = 512;

/// Processor time since the start, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CpuTicks {
    pub(crate) user: u64,
    pub(crate) nice: u64,
    pub(crate) system: u64,
    pub(crate) idle: u64,
    pub(crate) iowait: u64,
    pub(crate) interrupt: u64,
    pub(crate) steal: u64,
}

impl CpuTicks {
    /// Each mode by the name that OpenTelemetry gives it.
    pub(crate) fn modes(&self) -> [(&'static str, u64); 7] {
        [
            ("user", self.user),
            ("nice", self.nice),
            ("system", self.system),
            ("idle", self.idle),
            ("iowait", self.iowait),
            ("interrupt", self.interrupt),
            ("steal", self.steal),
        ]
    }

    /// The share of the time since `earlier` in which the processor worked, from 0 to 1; none if no time
    /// passed.
    pub(crate) fn busy_since(&self, earlier: &Self) -> Option<f64> {
        let passed = |now: u64, before: u64| now.saturating_sub(before);
        let total: u64 =
            self.modes().iter().zip(earlier.modes()).map(|(now, before)| passed(now.1, before.1)).sum();
        let resting = passed(self.idle, earlier.idle) + passed(self.iowait, earlier.iowait);
        (total > 0).then(|| (1.0 - resting as f64 / total as f64).clamp(0.0, 1.0))
    }
}

/// `/proc/stat`: all processors together, and each with its number.
pub(crate) fn parse_cpu(text: &str) -> (CpuTicks, Vec<(u32, CpuTicks)>) {
    let mut total = CpuTicks::default();
    let mut each = Vec::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("cpu") else { continue };
        let mut words = rest.split_ascii_whitespace();
        let number =
            if rest.starts_with(' ') { None } else { words.next().and_then(|word| word.parse().ok()) };
        let ticks: Vec<u64> = words.map(|word| word.parse().unwrap_or(0)).collect();
        let tick = |index: usize| ticks.get(index).copied().unwrap_or(0);
        let ticks = CpuTicks {
            user: tick(0),
            nice: tick(1),
            system: tick(2),
            idle: tick(3),
            iowait: tick(4),
            interrupt: tick(5) + tick(6),
            steal: tick(7),
        };
        match number {
            Some(number) => each.push((number, ticks)),
            None => total = ticks,
        }
    }
    (total, each)
}

/// `/proc/diskstats` for whole disks that were used at all. Devices kept in memory, loops, and devices that
/// stand on other disks (whose work is counted there) are left out.
pub(crate) fn parse_disks(text: &str, is_whole_disk: impl Fn(&str) -> bool) -> Vec<DiskCounters> {
    const NOT_DISKS: [&str; 6] = ["loop", "ram", "zram", "dm-", "md", "fd"];
    text.lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let name = *words.get(2)?;
            let number = |index: usize| words.get(index).and_then(|word| word.parse::<u64>().ok());
            let disk = DiskCounters {
                name: name.to_owned(),
                reads: number(3),
                read_bytes: number(5)?.saturating_mul(SECTOR),
                writes: number(7),
                written_bytes: number(9)?.saturating_mul(SECTOR),
                busy_seconds: number(12).map(|millis| millis as f64 / 1000.0),
            };
            let used = disk.read_bytes + disk.written_bytes > 0;
            (used && !NOT_DISKS.iter().any(|prefix| name.starts_with(prefix)) && is_whole_disk(name))
                .then_some(disk)
        })
        .collect()
}

/// `/proc/net/dev` for interfaces that ever moved a byte.
pub(crate) fn parse_interfaces(text: &str) -> Vec<InterfaceCounters> {
    text.lines()
        .filter_map(|line| {
            let (name, numbers) = line.split_once(':')?;
            let numbers: Vec<u64> =
                numbers.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
            let number = |index: usize| numbers.get(index).copied();
            let interface = InterfaceCounters {
                name: name.trim().to_owned(),
                bytes: [number(0)?, number(8)?],
                packets: [number(1)?, number(9)?],
                errors: [number(2)?, number(10)?],
                dropped: Some([number(3)?, number(11)?]),
            };
            (interface.bytes != [0, 0]).then_some(interface)
        })
        .collect()
}

/// `/proc/meminfo` in bytes; none if it lacks the total.
pub(crate) fn parse_memory(text: &str) -> Option<MemoryState> {
    let entries: HashMap<&str, u64> = text
        .lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(':')?;
            let kibibytes: u64 = rest.split_ascii_whitespace().next()?.parse().ok()?;
            Some((name, kibibytes.saturating_mul(1024)))
        })
        .collect();
    let entry = |name: &str| entries.get(name).copied().unwrap_or(0);
    let total = Some(entry("MemTotal")).filter(|total| *total > 0)?;
    let free = entry("MemFree");
    let buffers = entry("Buffers");
    let cached = entry("Cached") + entry("SReclaimable");
    let available = entries.get("MemAvailable").copied().unwrap_or(free + buffers + cached).min(total);
    Some(MemoryState {
        total,
        available,
        states: vec![
            ("used", total.saturating_sub(free + buffers + cached)),
            ("free", free),
            ("buffers", buffers),
            ("cached", cached),
        ],
        swap_total: entry("SwapTotal"),
        swap_used: entry("SwapTotal").saturating_sub(entry("SwapFree")),
    })
}

/// `/proc/vmstat`: pages swapped in and out since the start.
pub(crate) fn parse_swapping(text: &str) -> Option<[u64; 2]> {
    let number = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse::<u64>().ok())
    };
    Some([number("pswpin")?, number("pswpout")?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_read_together_and_each() {
        let before = "cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 60 0 20 400 20 0 0 0 0 0\nintr 5 6\n";
        let after = "cpu  150 0 70 850 60 10 10 0 0 0\ncpu0 60 0 20 500 20 0 0 0 0 0\nctxt 1\n";
        let (first, _) = parse_cpu(before);
        let (second, each) = parse_cpu(after);
        // 50 user + 20 system + 20 interrupt of 150 ticks.
        assert!((second.busy_since(&first).unwrap() - 90.0 / 150.0).abs() < 1e-9);
        assert_eq!(each[0].0, 0);
        assert_eq!(second.busy_since(&second), None);
        assert_eq!(parse_cpu("cpu x y\ncpu"), (CpuTicks::default(), Vec::new()));
    }

    #[test]
    fn a_clock_that_runs_backwards_stays_within_bounds() {
        let (later, _) = parse_cpu("cpu  10 0 10 900 0 0 0 0\n");
        let (earlier, _) = parse_cpu("cpu  50 0 10 100 0 0 0 0\n");
        assert_eq!(later.busy_since(&earlier), Some(0.0));
    }

    #[test]
    fn only_whole_real_disks_are_kept() {
        let text = " 259 0 nvme0n1 10 1 200 5 20 2 400 6 0 1500 11\n 259 1 nvme0n1p1 1 0 2 0 0 0 0 0 0 0 0\n \
                    7 0 loop0 9 9 9 9 9 9 9 9 9 9 9\n 253 0 dm-0 9 9 9 9 9 9 9 9 9 9 9\n 8 0 sdb 0 0 0 0 0 0 0 0 0 0 0\n bad\n";
        let disks = parse_disks(text, |name| !name.contains('p'));
        assert_eq!(disks.len(), 1);
        assert_eq!((disks[0].read_bytes, disks[0].written_bytes), (200 * 512, 400 * 512));
        assert_eq!(disks[0].busy_seconds, Some(1.5));
    }

    #[test]
    fn interfaces_memory_and_swapping_are_read() {
        let text = "Inter-| Receive | Transmit\n face |bytes packets\n  lo: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\neth1:0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
        let interfaces = parse_interfaces(text);
        assert_eq!(interfaces.len(), 1);
        assert_eq!((interfaces[0].bytes, interfaces[0].dropped), ([1, 5], Some([4, 8])));
        let memory = parse_memory("MemTotal: 100 kB\nMemFree: 30 kB\nMemAvailable: 60 kB\nBuffers: 10 kB\nCached: 20 kB\nSwapTotal: 8 kB\nSwapFree: 6 kB\n").unwrap();
        assert_eq!(memory.states.iter().map(|(_, bytes)| bytes).sum::<u64>(), memory.total);
        assert_eq!((memory.available, memory.swap_used), (60 * 1024, 2 * 1024));
        assert_eq!(parse_memory("nonsense"), None);
        assert_eq!(parse_swapping("a 1\npswpin 3\npswpout 4\n"), Some([3, 4]));
    }
}
