//! The kernel as a whole: its work, open files, randomness, identity.

use model::Attributes;

use super::{
    collector::Reading,
    cpu_statistics::Statistics,
    kernel_files::{self, KernelFiles},
};
use crate::host::{
    metrics,
    metrics_builder::{MetricsBuilder, tag},
};

/// Records the work, the limits and the identity of the kernel.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    record_work(builder, reading.statistics, reading.kernel);
    record_files(builder, reading.kernel);
}

/// Records switches, interrupts, new processes, the run queue and the start time.
fn record_work(builder: &mut MetricsBuilder, statistics: &Statistics, kernel: &KernelFiles) {
    let counters = [
        ("system.linux.context_switches", "{context_switch}", statistics.context_switches),
        ("system.linux.interrupts", "{interrupt}", statistics.interrupts),
        ("system.linux.soft_interrupts", "{interrupt}", statistics.soft_interrupts),
        ("system.process.created", "{process}", statistics.forks),
    ];
    for (name, unit, value) in counters {
        if let Some(value) = value {
            builder.counter(name, unit, Attributes::new(), value as f64);
        }
    }
    for (state, value) in [("running", statistics.running), ("blocked", statistics.blocked)] {
        if let Some(value) = value {
            let attributes = tag("process.state", state);
            builder.gauge("system.linux.run_queue.length", "{thread}", attributes, value as f64);
        }
    }
    let uptime = kernel.read_proc("uptime");
    let uptime = uptime.split_ascii_whitespace().next().and_then(|word| word.parse().ok());
    metrics::record_start(builder, uptime, statistics.boot_time.map(|seconds| seconds as f64));
}

fn record_files(builder: &mut MetricsBuilder, kernel: &KernelFiles) {
    // Allocated, free (always 0 since Linux 2.6), maximum.
    let files = kernel.read_proc("sys/fs/file-nr");
    let mut files = files.split_ascii_whitespace().map(|word| word.parse::<u64>().ok());
    for (metric, value) in [
        ("system.linux.file_descriptors.usage", files.next().flatten()),
        ("system.linux.file_descriptors.limit", files.nth(1).flatten()),
    ] {
        // Some kernels write the largest number for "no limit".
        if let Some(value) = value.filter(|value| *value < i64::MAX as u64) {
            builder.gauge(metric, "{file_descriptor}", Attributes::new(), value as f64);
        }
    }
    for (metric, file) in [
        ("system.linux.entropy.available", "sys/kernel/random/entropy_avail"),
        ("system.linux.entropy.limit", "sys/kernel/random/poolsize"),
    ] {
        if let Some(bits) = kernel_files::number::<u64>(&kernel.proc(file)) {
            builder.gauge(metric, "bit", Attributes::new(), bits as f64);
        }
    }
    if let Some(attributes) = identity(kernel) {
        builder.gauge("system.linux.info", "1", attributes, 1.0);
    }
}

/// Returns the kernel, its machine and its clock source; none without a release.
fn identity(kernel: &KernelFiles) -> Option<Attributes> {
    let release = kernel_files::line(&kernel.proc("sys/kernel/osrelease"))?;
    let mut attributes = tag("os.kernel.release", &release);
    for (key, path) in [
        ("os.kernel.version", kernel.proc("sys/kernel/version")),
        ("host.product", kernel.sys("class/dmi/id/product_name")),
        ("host.vendor", kernel.sys("class/dmi/id/sys_vendor")),
        ("host.bios.version", kernel.sys("class/dmi/id/bios_version")),
        ("host.clock_source", kernel.sys("devices/system/clocksource/clocksource0/current_clocksource")),
        ("host.selinux.enforcing", kernel.sys("fs/selinux/enforce")),
    ] {
        if let Some(value) = kernel_files::line(&path) {
            attributes = attributes.with(key, value);
        }
    }
    for (key, value) in distribution(&kernel_files::text(&kernel.etc("os-release")).unwrap_or_default()) {
        attributes = attributes.with(key, value);
    }
    Some(attributes)
}

/// Returns the name and version of the distribution (os-release(5)), if given.
fn distribution(text: &str) -> Vec<(&'static str, String)> {
    let value = |wanted: &str| {
        let quoted = text.lines().find_map(|line| line.trim().strip_prefix(wanted)?.strip_prefix('='))?;
        // Quoted as in a shell; these two values contain no escapes.
        let name = quoted.trim().trim_matches(['"', '\'']);
        (!name.is_empty()).then(|| name.to_owned())
    };
    let values = [("os.name", value("NAME")), ("os.version", value("VERSION_ID"))];
    values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::recorded::recorded;

    #[test]
    fn files_randomness_and_identity_are_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = KernelFiles::recorded(folder.path());
        assert!(
            recorded(|builder| record_files(builder, &kernel)).1.is_empty(),
            "missing files give no series"
        );
        for (path, text) in [
            ("sys/fs/file-nr", "1246\t0\t9223372036854775807\n"),
            ("sys/kernel/random/entropy_avail", "256\n"),
            ("sys/kernel/random/poolsize", "no number\n"),
            ("sys/kernel/osrelease", "6.1\n"),
            ("../etc/os-release", "PRETTY_NAME=\"A B 1\"\nNAME=\"A B\"\nVERSION_ID=\nVERSION_CODENAME=c\n"),
            ("net/rpc/nfs", "net 1 2 3\nrpc 10 2 0\n"),
            ("net/rpc/nfsd", "rpc 7 1 0 0 0\nio 100 200\nio\n\u{fffd}\n"),
        ] {
            let path = kernel.proc(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (_, values) = recorded(|builder| {
            record_files(builder, &kernel);
            super::super::nfs::record_calls(builder, &kernel);
        });
        assert_eq!(values["system.linux.file_descriptors.usage{}"], 1246.0);
        assert_eq!(values["system.linux.entropy.available{}"], 256.0);
        assert_eq!(values["system.linux.info{os.kernel.release=6.1,os.name=A B}"], 1.0);
        assert_eq!(values["system.linux.nfs.retransmits{nfs.role=client}"], 2.0);
        assert_eq!(values["system.linux.nfs.io{disk.io.direction=write,nfs.role=server}"], 200.0);
        assert_eq!(values.len(), 9);
    }
}
