//! File systems: `/proc/self/mountinfo` (proc(5)) and statvfs(3).

use std::{
    collections::BTreeMap,
    path::Path,
    sync::mpsc::{self, Receiver, SyncSender},
    time::Duration,
};

use crate::host::vitals::FileSystemState;

/// How long a file system has to answer; one that does not is left out until it does.
const PATIENCE: Duration = Duration::from_secs(2);

/// Kinds of file systems that keep nothing, as node_exporter leaves them out.
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
/// Places where systems and containers mount what is of no interest by itself.
const NOT_SHOWN: [&str; 6] =
    ["/dev", "/proc", "/sys", "/run/credentials", "/var/lib/docker", "/var/lib/containers/storage"];

/// Kinds whose answers come from elsewhere, and may not come at all.
const REMOTE: [&str; 11] =
    ["nfs", "cifs", "smb", "fuse", "9p", "ceph", "afs", "glusterfs", "lustre", "virtiofs", "beegfs"];

/// A file system that is mounted somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) device: String,
    pub(crate) mount_point: String,
    pub(crate) kind: String,
    pub(crate) read_only: bool,
}

/// Each file system that keeps data once, at its shortest mount point.
pub(crate) fn parse(text: &str) -> Vec<Mount> {
    let mut by_number: BTreeMap<&str, Mount> = BTreeMap::new();
    for (number, mount) in text.lines().filter_map(mount) {
        let hidden = NOT_SHOWN.iter().any(|place| Path::new(&mount.mount_point).starts_with(place));
        if hidden || WITHOUT_DATA.contains(&mount.kind.as_str()) {
            continue;
        }
        match by_number.get_mut(number) {
            Some(known) if known.mount_point.len() <= mount.mount_point.len() => {}
            Some(known) => *known = mount,
            None => {
                by_number.insert(number, mount);
            }
        }
    }
    by_number.into_values().collect()
}

/// The device number and the mount of a line such as `36 35 98:0 / /mnt rw,noatime shared:1 - ext3 /dev/sda rw`.
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

/// Blanks and backslashes stand as three octal digits.
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

/// Asks file systems how full they are.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    remote: BTreeMap<String, Asker>,
}

impl Asking {
    /// How full `mounts` are; none for one that gave no answer in time.
    pub(crate) fn ask(&mut self, mounts: Vec<Mount>) -> Vec<(Mount, Option<FileSystemState>)> {
        self.remote.retain(|place, _| mounts.iter().any(|mount| mount.mount_point == *place));
        mounts
            .into_iter()
            .map(|mount| {
                let is_remote = REMOTE.iter().any(|kind| mount.kind.starts_with(kind));
                let state = if is_remote { self.ask_remote(&mount) } else { state(&mount) };
                (mount, state)
            })
            .collect()
    }

    fn ask_remote(&mut self, mount: &Mount) -> Option<FileSystemState> {
        if !self.remote.contains_key(&mount.mount_point) {
            self.remote.insert(mount.mount_point.clone(), Asker::start()?);
        }
        self.remote.get_mut(&mount.mount_point)?.ask(mount)
    }
}

/// A thread that asks one file system: one that does not answer must not hold up everything else.
#[derive(Debug)]
struct Asker {
    questions: SyncSender<Mount>,
    answers: Receiver<Option<FileSystemState>>,
    waiting: bool,
}

impl Asker {
    fn start() -> Option<Self> {
        let (questions, asked) = mpsc::sync_channel::<Mount>(1);
        let (answer, answers) = mpsc::sync_channel(1);
        let work = move || {
            for mount in asked {
                if answer.send(state(&mount)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("file-system".to_owned()).spawn(work).ok()?;
        Some(Self { questions, answers, waiting: false })
    }

    fn ask(&mut self, mount: &Mount) -> Option<FileSystemState> {
        if self.waiting {
            // The answer to an old question only tells that the file system is back.
            self.waiting = self.answers.try_recv().is_err();
            return None;
        }
        self.questions.try_send(mount.clone()).ok()?;
        let answer = self.answers.recv_timeout(PATIENCE);
        self.waiting = answer.is_err();
        answer.ok().flatten()
    }
}

/// statvfs(3); none if it fails or the file system has no size.
fn state(mount: &Mount) -> Option<FileSystemState> {
    let told = rustix::fs::statvfs(mount.mount_point.as_str()).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    (told.f_blocks > 0).then(|| FileSystemState {
        device: mount.device.clone(),
        mount_point: mount.mount_point.clone(),
        kind: mount.kind.clone(),
        total: bytes(told.f_blocks),
        available: bytes(told.f_bavail).min(bytes(told.f_blocks)),
        free: bytes(told.f_bfree),
        inodes: Some([told.f_files, told.f_ffree]),
        read_only: Some(mount.read_only),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_system_is_kept_once_at_its_shortest_place() {
        let text = "22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw\n\
                    30 27 254:0 /sub /home/me/bind rw - ext4 /dev/vda rw\n31 27 8:1 / /mnt/my\\040disk ro - vfat /dev/sdb1 rw\n\
                    32 27 0:9 / /var/lib/docker/overlay2/x rw - tmpfs t rw\n33 27 0:30 / /run rw - tmpfs tmpfs rw\n34 27 8:9\nbad\n - \n";
        let mounts = parse(text);
        let places: Vec<(&str, bool)> =
            mounts.iter().map(|mount| (mount.mount_point.as_str(), mount.read_only)).collect();
        assert_eq!(places, [("/run", false), ("/", false), ("/mnt/my disk", true)]);
        assert_eq!(unescape("a\\134b\\9\\04é\\"), "a\\b\\9\\04é\\");
    }

    #[test]
    fn the_root_answers_and_what_is_gone_does_not() {
        let mount = |kind: &str, place: &str| Mount {
            device: "d".into(),
            mount_point: place.into(),
            kind: kind.into(),
            read_only: false,
        };
        let mut asking = Asking::default();
        let answers = asking.ask(vec![mount("ext4", "/"), mount("nfs4", "/"), mount("nfs", "/not/there")]);
        for (_, state) in &answers[..2] {
            let state = state.as_ref().unwrap();
            assert!(state.total > 0 && state.free >= state.available && state.inodes.is_some());
        }
        assert_eq!(answers[2].1, None);
        assert_eq!(asking.remote.len(), 2);
        asking.ask(Vec::new());
        assert!(asking.remote.is_empty());
    }
}
