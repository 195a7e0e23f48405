//! Disks: `/proc/diskstats` (the kernel's `Documentation/admin-guide/iostats.rst`).

use super::collector::Reading;
use crate::host::{
    metrics::{DiskCounters, DiskWork},
    metrics_builder::MetricsBuilder,
};

/// Bytes of a sector in this file, for every disk.
const SECTOR: u64 = 512;
/// Prefixes of devices in memory, of loops, and of devices on top of other disks.
const NOT_DISKS: [&str; 6] = ["loop", "ram", "zram", "dm-", "md", "fd"];

/// Records whole disks that have been used.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    let is_whole_disk = |name: &str| reading.kernel.sys("block").join(name.replace('/', "!")).exists();
    for disk in parse(&reading.kernel.read_proc("diskstats"), is_whole_disk) {
        disk.record(builder);
    }
}

/// Parses `/proc/diskstats`; returns whole disks that have been used.
fn parse(text: &str, is_whole_disk: impl Fn(&str) -> bool) -> Vec<DiskCounters> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace().skip(2);
            let name = words.next()?;
            let numbers: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
            if numbers.len() < 7 || NOT_DISKS.iter().any(|prefix| name.starts_with(prefix)) {
                return None;
            }
            let number = |index: usize| numbers.get(index).copied();
            let seconds = |index: usize| number(index).map(|millis| millis as f64 / 1000.0);
            let work = |first: usize| DiskWork {
                operations: number(first),
                merged: number(first + 1),
                bytes: number(first + 2).map(|sectors| sectors.saturating_mul(SECTOR)),
                seconds: seconds(first + 3),
            };
            let disk = DiskCounters {
                name: name.to_owned(),
                read: work(0),
                write: work(4),
                pending: number(8),
                busy_seconds: seconds(9),
                weighted_seconds: seconds(10),
                discard: work(11),
                flush: DiskWork { operations: number(15), seconds: seconds(16), ..DiskWork::default() },
            };
            let used = disk.read.bytes.unwrap_or(0) > 0 || disk.write.bytes.unwrap_or(0) > 0;
            (used && is_whole_disk(name)).then_some(disk)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn only_whole_real_disks_are_returned() {
        let text = " 259 0 nvme0n1 10 1 200 5 20 2 400 6 3 1500 11 7 8 9 1000 4 500\n 259 1 nvme0n1p1 1 0 2 0 0 0 0 0 0 0 0\n \
                    7 0 loop0 9 9 9 9 9 9 9 9 9 9 9\n 253 0 dm-0 9 9 9 9 9 9 9 9 9 9 9\n 8 0 sdb 0 0 0 0 0 0 0 0 0 0 0\n bad\n 8 0 sdc 1 x 3 4\n 8 0 sdd 1 2\n";
        let disks = parse(text, |name| !name.contains('p'));
        assert_eq!(disks.len(), 1);
        let (_, values) = recorded(|builder| disks[0].record(builder));
        for (series, value) in [
            ("system.disk.io{disk.io.direction=read,system.device=nvme0n1}", 200.0 * 512.0),
            ("system.disk.io{disk.io.direction=write,system.device=nvme0n1}", 400.0 * 512.0),
            ("system.disk.operations{disk.io.direction=write,system.device=nvme0n1}", 20.0),
            ("system.disk.operation_time{disk.io.direction=read,system.device=nvme0n1}", 0.005),
            ("system.disk.merged{disk.io.direction=write,system.device=nvme0n1}", 2.0),
            ("system.disk.io_time{system.device=nvme0n1}", 1.5),
            ("system.disk.weighted_io_time{system.device=nvme0n1}", 0.011),
            ("system.disk.pending_operations{system.device=nvme0n1}", 3.0),
            ("system.linux.disk.discard.io{system.device=nvme0n1}", 9.0 * 512.0),
            ("system.linux.disk.flush.operation_time{system.device=nvme0n1}", 0.5),
        ] {
            assert_eq!(values.get(series), Some(&value), "{series}");
        }
    }

    #[test]
    fn old_kernels_have_neither_discards_nor_flushes() {
        let disks = parse("8 0 sda 10 1 200 5 20 2 400 6 3 1500 11\n", |_| true);
        assert_eq!((disks[0].discard, disks[0].flush), (DiskWork::default(), DiskWork::default()));
        let (series, _) = recorded(|builder| disks[0].record(builder));
        assert!(series.iter().all(|name| !name.contains("linux")));
    }
}
