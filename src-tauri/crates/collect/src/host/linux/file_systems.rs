//! File systems: `/proc/self/mountinfo` (proc(5)) and statvfs(3).

use std::{
    collections::BTreeMap,
    path::Path,
    sync::mpsc::{self, Receiver, SyncSender},
    time::Duration,
};

use super::collector::{Collector, Reading};
use crate::host::{
    metrics::FileSystemState,
    metrics_builder::{MetricsBuilder, tag},
};

/// Timeout of a file system's answer. A file system without one is skipped until it answers.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Kinds of file systems without data, as in node_exporter.
const WITHOUT_DATA: [&str; 27] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nsfs",
    "overlay",
    "proc",
    "procfs",
    "pstore",
    "ramfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tracefs",
    "fuse.portal",
];
/// Folders where systems and containers mount internal file systems.
const INTERNAL: [&str; 6] =
    ["/dev", "/proc", "/sys", "/run/credentials", "/var/lib/docker", "/var/lib/containers/storage"];

/// Kinds with a remote server, which may not answer.
const REMOTE: [&str; 11] =
    ["nfs", "cifs", "smb", "fuse", "9p", "ceph", "afs", "glusterfs", "lustre", "virtiofs", "beegfs"];

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mount {
    device: String,
    mount_point: String,
    kind: String,
    read_only: bool,
}

/// Parses `/proc/self/mountinfo`: each file system with data once, at its shortest mount point.
fn parse(text: &str) -> Vec<Mount> {
    let mut by_number: BTreeMap<&str, Mount> = BTreeMap::new();
    for (number, mount) in text.lines().filter_map(mount) {
        let hidden = INTERNAL.iter().any(|folder| Path::new(&mount.mount_point).starts_with(folder));
        if hidden || WITHOUT_DATA.contains(&mount.kind.as_str()) {
            continue;
        }
        match by_number.get_mut(number) {
            Some(shortest) if shortest.mount_point.len() <= mount.mount_point.len() => {}
            Some(shortest) => *shortest = mount,
            None => {
                by_number.insert(number, mount);
            }
        }
    }
    by_number.into_values().collect()
}

/// Returns the device number and the mount of a line such as
/// `36 35 98:0 / /mnt rw,noatime shared:1 - ext3 /dev/sda rw`.
fn mount(line: &str) -> Option<(&str, Mount)> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split_ascii_whitespace().skip(2);
    let number = before.next()?;
    let mount_point = unescape(before.nth(1)?);
    let options = before.next()?;
    let mut after = after.split_ascii_whitespace();
    let kind = after.next()?.to_owned();
    let device = unescape(after.next()?);
    let read_only = |options: &str| options.split(',').any(|option| option == "ro");
    let read_only = read_only(options) || after.next().is_some_and(read_only);
    Some((number, Mount { device, mount_point, kind, read_only }))
}

/// Resolves blanks and backslashes, which are written as three octal digits.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let digits = (*byte == b'\\').then(|| text.get(index + 1..index + 4)).flatten();
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(escaped) => {
                plain.push(escaped);
                index += 4;
            }
            None => {
                plain.push(*byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The collector of file systems, with one thread for each remote one.
#[derive(Debug, Default)]
pub(crate) struct FileSystems {
    remote: BTreeMap<String, RemoteQuery>,
}

impl FileSystems {
    /// Returns the state of `mounts`; none for one without an answer in time.
    fn query(&mut self, mounts: Vec<Mount>) -> Vec<(Mount, Option<FileSystemState>)> {
        self.remote.retain(|mount_point, _| mounts.iter().any(|mount| mount.mount_point == *mount_point));
        mounts
            .into_iter()
            .map(|mount| {
                let is_remote = REMOTE.iter().any(|kind| mount.kind.starts_with(kind));
                let state = if is_remote { self.query_remote(&mount) } else { state(&mount) };
                (mount, state)
            })
            .collect()
    }

    fn query_remote(&mut self, mount: &Mount) -> Option<FileSystemState> {
        if !self.remote.contains_key(&mount.mount_point) {
            self.remote.insert(mount.mount_point.clone(), RemoteQuery::start()?);
        }
        self.remote.get_mut(&mount.mount_point)?.query(mount)
    }
}

impl Collector for FileSystems {
    fn record(&mut self, reading: &Reading<'_>, builder: &mut MetricsBuilder) {
        let mounts = parse(&reading.kernel.read_proc("self/mountinfo"));
        for (mount, state) in self.query(mounts) {
            let attributes = tag("system.device", &mount.device)
                .with("system.filesystem.mountpoint", mount.mount_point.as_str())
                .with("system.filesystem.type", mount.kind.as_str());
            let unanswered = f64::from(u8::from(state.is_none()));
            builder.gauge("system.linux.filesystem.unanswered", "1", attributes, unanswered);
            if let Some(state) = state {
                state.record(builder);
            }
        }
    }
}

/// A thread that queries one remote file system, so that it cannot block the other collectors.
#[derive(Debug)]
struct RemoteQuery {
    requests: SyncSender<Mount>,
    answers: Receiver<Option<FileSystemState>>,
    waiting: bool,
}

impl RemoteQuery {
    fn start() -> Option<Self> {
        let (requests, received) = mpsc::sync_channel::<Mount>(1);
        let (answer, answers) = mpsc::sync_channel(1);
        let work = move || {
            for mount in received {
                if answer.send(state(&mount)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("file-system".to_owned()).spawn(work).ok()?;
        Some(Self { requests, answers, waiting: false })
    }

    fn query(&mut self, mount: &Mount) -> Option<FileSystemState> {
        if self.waiting {
            // The late answer only shows that the file system answers again.
            self.waiting = self.answers.try_recv().is_err();
            return None;
        }
        self.requests.try_send(mount.clone()).ok()?;
        let answer = self.answers.recv_timeout(TIMEOUT);
        self.waiting = answer.is_err();
        answer.ok().flatten()
    }
}

/// Queries statvfs(3); returns none if it fails or the file system has no size.
fn state(mount: &Mount) -> Option<FileSystemState> {
    let statistics = rustix::fs::statvfs(mount.mount_point.as_str()).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(statistics.f_frsize);
    (statistics.f_blocks > 0).then(|| FileSystemState {
        device: mount.device.clone(),
        mount_point: mount.mount_point.clone(),
        kind: mount.kind.clone(),
        total: bytes(statistics.f_blocks),
        available: bytes(statistics.f_bavail).min(bytes(statistics.f_blocks)),
        free: bytes(statistics.f_bfree),
        inodes: Some([statistics.f_files, statistics.f_ffree]),
        read_only: Some(mount.read_only),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_system_occurs_once_at_its_shortest_mount_point() {
        let text = "22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw\n\
                    30 27 254:0 /sub /home/me/bind rw - ext4 /dev/vda rw\n31 27 8:1 / /mnt/my\\040disk ro - vfat /dev/sdb1 rw\n\
                    32 27 0:9 / /var/lib/docker/overlay2/x rw - tmpfs t rw\n33 27 0:30 / /run rw - tmpfs tmpfs rw\n34 27 8:9\nbad\n - \n";
        let mounts = parse(text);
        let mount_points: Vec<(&str, bool)> =
            mounts.iter().map(|mount| (mount.mount_point.as_str(), mount.read_only)).collect();
        assert_eq!(mount_points, [("/run", false), ("/", false), ("/mnt/my disk", true)]);
        assert_eq!(unescape("a\\134b\\9\\04é\\"), "a\\b\\9\\04é\\");
    }

    #[test]
    fn the_root_answers_and_what_is_gone_does_not() {
        let mount = |kind: &str, mount_point: &str| Mount {
            device: "d".into(),
            mount_point: mount_point.into(),
            kind: kind.into(),
            read_only: false,
        };
        let mut file_systems = FileSystems::default();
        let answers =
            file_systems.query(vec![mount("ext4", "/"), mount("nfs4", "/"), mount("nfs", "/not/there")]);
        for (_, state) in &answers[..2] {
            let state = state.as_ref().unwrap();
            assert!(state.total > 0 && state.free >= state.available && state.inodes.is_some());
        }
        assert_eq!(answers[2].1, None);
        assert_eq!(file_systems.remote.len(), 2);
        file_systems.query(Vec::new());
        assert!(file_systems.remote.is_empty());
    }
}
