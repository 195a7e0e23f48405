//! Calls between NFS clients and servers: `/proc/net/rpc/nfs` and `/proc/net/rpc/nfsd`.

use model::Attributes;

use super::{collector::Reading, kernel_files::KernelFiles};
use crate::host::metrics_builder::{MetricsBuilder, tag};

/// Records the calls of clients and servers.
pub(crate) fn record(reading: &Reading<'_>, builder: &mut MetricsBuilder) {
    record_calls(builder, reading.kernel);
}

pub(super) fn record_calls(builder: &mut MetricsBuilder, kernel: &KernelFiles) {
    for (file, role) in [("net/rpc/nfs", "client"), ("net/rpc/nfsd", "server")] {
        let text = kernel.read_proc(file);
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            let (key, numbers): (_, Vec<u64>) =
                (words.next().unwrap_or_default(), words.map(|word| word.parse().unwrap_or(0)).collect());
            let mut count = |metric: &str, unit: &str, attributes: Attributes, index: usize| {
                if let Some(value) = numbers.get(index) {
                    builder.counter(metric, unit, attributes.with("nfs.role", role), *value as f64);
                }
            };
            match (key, role) {
                ("rpc", "client") => {
                    count("system.linux.nfs.calls", "{call}", Attributes::new(), 0);
                    count("system.linux.nfs.retransmits", "{call}", Attributes::new(), 1);
                }
                ("rpc", _) => {
                    count("system.linux.nfs.calls", "{call}", Attributes::new(), 0);
                    count("system.linux.nfs.bad_calls", "{call}", Attributes::new(), 1);
                }
                ("io", _) => {
                    count("system.linux.nfs.io", "By", tag("disk.io.direction", "read"), 0);
                    count("system.linux.nfs.io", "By", tag("disk.io.direction", "write"), 1);
                }
                _ => {}
            }
        }
    }
}
