//! Software RAID: `/proc/mdstat` (md(4)).

use model::Attributes;

use super::collector::Reading;
use crate::host::metrics_builder::{MetricsBuilder, tag};

/// One array.
#[derive(Debug, Clone, PartialEq, Default)]
struct Array {
    name: String,
    active: bool,
    disks_wanted: Option<u64>,
    disks_active: Option<u64>,
    disks_failed: u64,
    disks_spare: u64,
    blocks: Option<u64>,
    /// Work under way (`resync`, `recovery`, `check`, `reshape`, `repair`) and its progress, 0 to
    /// 1.
    work: Option<(String, f64)>,
}

/// Parses `/proc/mdstat`.
fn parse(text: &str) -> Vec<Array> {
    let mut arrays: Vec<Array> = Vec::new();
    for line in text.lines() {
        let is_indented = line.starts_with([' ', '\t']);
        match line.split_once(" : ") {
            Some((name, rest)) if !is_indented && name != "Personalities" => arrays.push(array(name, rest)),
            _ if is_indented => {
                if let Some(array) = arrays.last_mut() {
                    detail(array, line);
                }
            }
            _ => {}
        }
    }
    arrays
}

/// Parses a line such as `active raid1 sdb1[1] sda1[0](F) sdc1[2](S)`.
fn array(name: &str, rest: &str) -> Array {
    Array {
        name: name.trim().to_owned(),
        active: rest.split_ascii_whitespace().next() == Some("active"),
        disks_failed: rest.matches("(F)").count() as u64,
        disks_spare: rest.matches("(S)").count() as u64,
        ..Array::default()
    }
}

/// Parses `976630336 blocks super 1.2 [2/1] [_U]` or `[=>...] recovery = 12.6% (37043392/292945152)
/// ...`.
fn detail(array: &mut Array, line: &str) {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    if let [blocks, "blocks", ..] = words[..] {
        array.blocks = blocks.parse().ok();
        for word in &words {
            let counts = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')?.split_once('/'));
            if let Some((wanted, active)) = counts {
                array.disks_wanted = wanted.parse().ok();
                array.disks_active = active.parse().ok();
            }
        }
    }
    for (index, word) in words.iter().enumerate() {
        let kinds = ["resync", "recovery", "check", "reshape", "repair"];
        if kinds.contains(word) && words.get(index + 1) == Some(&"=") {
            let percent = words.get(index + 2).and_then(|word| word.strip_suffix('%')?.parse::<f64>().ok());
            array.work = percent.map(|percent| ((*word).to_owned(), (percent / 100.0).clamp(0.0, 1.0)));
        }
    }
}

/// Records the arrays.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    record_text(builder, &reading.kernel.read_proc("mdstat"));
}

fn record_text(builder: &mut MetricsBuilder, text: &str) {
    for array in parse(text) {
        let device = tag("system.device", &array.name);
        // An array without redundancy has no counts of disks.
        let degraded =
            array.disks_active.zip(array.disks_wanted).is_some_and(|(active, wanted)| active < wanted);
        let state = match (array.active, degraded) {
            (false, _) => "inactive",
            (true, true) => "degraded",
            (true, false) => "active",
        };
        for possible in ["active", "degraded", "inactive"] {
            let attributes = device.clone().with("system.linux.raid.state", possible);
            builder.gauge(
                "system.linux.raid.status",
                "1",
                attributes,
                f64::from(u8::from(possible == state)),
            );
        }
        let disks = [
            ("active", array.disks_active),
            ("failed", Some(array.disks_failed)),
            ("spare", Some(array.disks_spare)),
        ];
        for (state, count) in disks {
            if let Some(count) = count {
                let attributes = device.clone().with("system.linux.raid.disk.state", state);
                builder.gauge("system.linux.raid.disks", "{disk}", attributes, count as f64);
            }
        }
        if let Some(wanted) = array.disks_wanted {
            builder.gauge("system.linux.raid.disks.required", "{disk}", device.clone(), wanted as f64);
        }
        if let Some(blocks) = array.blocks {
            let bytes = blocks.saturating_mul(1024);
            builder.gauge("system.linux.raid.size", "By", device.clone(), bytes as f64);
        }
        if let Some((work, progress)) = array.work {
            let attributes: Attributes = device.with("system.linux.raid.work", work);
            builder.gauge("system.linux.raid.progress", "1", attributes, progress);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn arrays_are_recorded_with_disks_and_work() {
        let text = "Personalities : [raid1] [raid0]\nmd0 : active raid1 sdb1[2] sda1[0](F) sdc1[3](S)\n      292945152 blocks super 1.2 [2/1] [_U]\n\
                    \u{20}     [==>..........]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec\n\
                    \u{20}     bitmap: 0/3 pages [0KB], 65536KB chunk\n\nmd1 : active raid0 sdd1[0] sde1[1]\n      1024 blocks 64k chunks\n\nmd2 : inactive sdf[0](S)\n      5 blocks\n\nunused devices: <none>\n";
        let (_, values) = recorded(|builder| record_text(builder, text));
        for (series, value) in [
            ("system.linux.raid.status{system.device=md0,system.linux.raid.state=degraded}", 1.0),
            ("system.linux.raid.status{system.device=md1,system.linux.raid.state=active}", 1.0),
            ("system.linux.raid.status{system.device=md2,system.linux.raid.state=inactive}", 1.0),
            ("system.linux.raid.disks{system.device=md0,system.linux.raid.disk.state=failed}", 1.0),
            ("system.linux.raid.disks.required{system.device=md0}", 2.0),
            ("system.linux.raid.progress{system.device=md0,system.linux.raid.work=recovery}", 0.126),
            ("system.linux.raid.size{system.device=md1}", 1024.0 * 1024.0),
        ] {
            assert_eq!(values.get(series), Some(&value), "{series}");
        }
    }

    #[test]
    fn garbage_gives_few_series_and_no_panic() {
        assert_eq!(parse("   7 blocks [1/1]\n : \n\u{fffd}"), []);
        let (_, values) =
            recorded(|builder| record_text(builder, "md0 : x\n  recovery = y% [/]\n  9 blocks [a/b]\n"));
        assert_eq!(
            values["system.linux.raid.status{system.device=md0,system.linux.raid.state=inactive}"],
            1.0
        );
    }
}
