//! What the kernel tells about itself as a whole: open files, randomness, who it is, NFS.

use model::Attributes;

use super::files::{self, Kernel};
use crate::host::telling::{Telling, tag};

pub(crate) fn tell(telling: &mut Telling, kernel: &Kernel) {
    // Allocated, free (always 0 since Linux 2.6), the most there may be.
    let files = kernel.read_proc("sys/fs/file-nr");
    let mut files = files.split_ascii_whitespace().map(|word| word.parse::<u64>().ok());
    for (metric, value) in [
        ("system.linux.file_descriptors.usage", files.next().flatten()),
        ("system.linux.file_descriptors.limit", files.nth(1).flatten()),
    ] {
        // Some kernels tell the largest number there is for "no limit".
        if let Some(value) = value.filter(|value| *value < i64::MAX as u64) {
            telling.gauge(metric, "{file_descriptor}", Attributes::new(), value as f64);
        }
    }
    for (metric, file) in [
        ("system.linux.entropy.available", "sys/kernel/random/entropy_avail"),
        ("system.linux.entropy.limit", "sys/kernel/random/poolsize"),
    ] {
        if let Some(bits) = files::number::<u64>(&kernel.proc(file)) {
            telling.gauge(metric, "bit", Attributes::new(), bits as f64);
        }
    }
    if let Some(attributes) = identity(kernel) {
        telling.gauge("system.linux.info", "1", attributes, 1.0);
    }
}

/// The kernel, the machine it runs on and where it takes its time from; none without a kernel's release.
fn identity(kernel: &Kernel) -> Option<Attributes> {
    let release = files::line(&kernel.proc("sys/kernel/osrelease"))?;
    let mut attributes = tag("os.kernel.release", &release);
    for (key, path) in [
        ("os.kernel.version", kernel.proc("sys/kernel/version")),
        ("host.product", kernel.sys("class/dmi/id/product_name")),
        ("host.vendor", kernel.sys("class/dmi/id/sys_vendor")),
        ("host.bios.version", kernel.sys("class/dmi/id/bios_version")),
        ("host.clock_source", kernel.sys("devices/system/clocksource/clocksource0/current_clocksource")),
        ("host.selinux.enforcing", kernel.sys("fs/selinux/enforce")),
    ] {
        if let Some(value) = files::line(&path) {
            attributes = attributes.with(key, value);
        }
    }
    for (key, value) in distribution(&files::text(&kernel.etc("os-release")).unwrap_or_default()) {
        attributes = attributes.with(key, value);
    }
    Some(attributes)
}

/// The name and version of the distribution (os-release(5)), where they are told.
fn distribution(text: &str) -> Vec<(&'static str, String)> {
    let value = |wanted: &str| {
        let told = text.lines().find_map(|line| line.trim().strip_prefix(wanted)?.strip_prefix('='))?;
        // Quoted as in a shell, which these two never need beyond the quotes themselves.
        let told = told.trim().trim_matches(['"', '\'']);
        (!told.is_empty()).then(|| told.to_owned())
    };
    let known = [("os.name", value("NAME")), ("os.version", value("VERSION_ID"))];
    known.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// Calls between NFS clients and servers: `/proc/net/rpc/nfs` and `/proc/net/rpc/nfsd`.
pub(crate) fn tell_nfs(telling: &mut Telling, kernel: &Kernel) {
    for (file, role) in [("net/rpc/nfs", "client"), ("net/rpc/nfsd", "server")] {
        let text = kernel.read_proc(file);
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            let (key, numbers): (_, Vec<u64>) =
                (words.next().unwrap_or_default(), words.map(|word| word.parse().unwrap_or(0)).collect());
            let mut tell = |metric: &str, unit: &str, attributes: Attributes, index: usize| {
                if let Some(value) = numbers.get(index) {
                    telling.counter(metric, unit, attributes.with("nfs.role", role), *value as f64);
                }
            };
            match (key, role) {
                ("rpc", "client") => {
                    tell("system.linux.nfs.calls", "{call}", Attributes::new(), 0);
                    tell("system.linux.nfs.retransmits", "{call}", Attributes::new(), 1);
                }
                ("rpc", _) => {
                    tell("system.linux.nfs.calls", "{call}", Attributes::new(), 0);
                    tell("system.linux.nfs.bad_calls", "{call}", Attributes::new(), 1);
                }
                ("io", _) => {
                    tell("system.linux.nfs.io", "By", tag("disk.io.direction", "read"), 0);
                    tell("system.linux.nfs.io", "By", tag("disk.io.direction", "write"), 1);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::fixture::told;

    #[test]
    fn files_randomness_and_identity_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = Kernel::recorded(folder.path());
        assert!(told(|telling| tell(telling, &kernel)).1.is_empty(), "what is not there is not told");
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
        let (_, values) = told(|telling| {
            tell(telling, &kernel);
            tell_nfs(telling, &kernel);
        });
        assert_eq!(values["system.linux.file_descriptors.usage{}"], 1246.0);
        assert_eq!(values["system.linux.entropy.available{}"], 256.0);
        assert_eq!(values["system.linux.info{os.kernel.release=6.1,os.name=A B}"], 1.0);
        assert_eq!(values["system.linux.nfs.retransmits{nfs.role=client}"], 2.0);
        assert_eq!(values["system.linux.nfs.io{disk.io.direction=write,nfs.role=server}"], 200.0);
        assert_eq!(values.len(), 9);
    }
}
