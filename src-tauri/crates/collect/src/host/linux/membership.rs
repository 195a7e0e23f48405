//! Which processes belong to a watched one.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

use config::WatchedProcess;
use regex::Regex;

use super::{
    files::{self, Kernel},
    processes::Process,
};

/// A process just started runs what started it for a moment; how often it is looked at until it is known.
const LOOKS: u8 = 3;

/// What tells one process from others that had its number: the number and when it started.
pub(crate) type Identity = (u32, u64);

/// Decides, and remembers what it decided.
#[derive(Debug)]
pub(crate) struct Membership {
    settings: WatchedProcess,
    command: Option<Regex>,
    decided: HashMap<Identity, Decision>,
}

#[derive(Debug, Clone)]
struct Decision {
    belongs: bool,
    looks: u8,
    name: String,
}

impl Membership {
    /// A command line that is no regular expression is refused by the settings; here it would match nothing.
    pub(crate) fn new(settings: WatchedProcess) -> Self {
        let pattern = if settings.command.is_empty() { None } else { Regex::new(&settings.command).ok() };
        Self { settings, command: pattern, decided: HashMap::new() }
    }

    /// Positions in `processes` of those that belong.
    pub(crate) fn members(&mut self, kernel: &Kernel, processes: &[Process]) -> Vec<usize> {
        let from_file = (!self.settings.pid_file.is_empty())
            .then(|| files::number::<u32>(Path::new(&self.settings.pid_file)));
        let mut decided = HashMap::with_capacity(processes.len());
        let mut members = Vec::new();
        for (place, process) in processes.iter().enumerate() {
            let identity = (process.pid, process.started);
            let decision = match self.decided.remove(&identity) {
                Some(known) if known.looks >= LOOKS && known.name == process.name => known,
                known => Decision {
                    belongs: self.belongs(kernel, process),
                    looks: known.map_or(1, |known| known.looks.saturating_add(1)),
                    name: process.name.clone(),
                },
            };
            let is_named = from_file.is_none_or(|named| named == Some(process.pid));
            if decision.belongs && is_named {
                members.push(place);
            }
            decided.insert(identity, decision);
        }
        self.decided = decided;
        if self.settings.children {
            add_descendants(processes, &mut members);
        }
        members
    }

    /// Whether the process meets all conditions but that of the file.
    fn belongs(&self, kernel: &Kernel, process: &Process) -> bool {
        let folder = kernel.proc(&process.pid.to_string());
        (self.settings.executable.is_empty() || self.has_executable(&folder, process))
            && (self.settings.command.is_empty() || self.has_command(&folder))
            && (self.settings.unit.is_empty() || self.is_in_unit(&folder))
    }

    fn has_executable(&self, folder: &Path, process: &Process) -> bool {
        let wanted = |name: &str| matches(&self.settings.executable, name);
        // The kernel cuts its own name for it after fifteen bytes, and programs change it.
        wanted(&process.name)
            || fs::read_link(folder.join("exe")).is_ok_and(|path| {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                name.is_some_and(|name| wanted(name.trim_end_matches(" (deleted)")))
            })
            || words(folder).first().is_some_and(|word| wanted(word.rsplit('/').next().unwrap_or(word)))
    }

    fn has_command(&self, folder: &Path) -> bool {
        let line = words(folder).join(" ");
        !line.is_empty() && self.command.as_ref().is_some_and(|command| command.is_match(&line))
    }

    fn is_in_unit(&self, folder: &Path) -> bool {
        let groups = files::text(&folder.join("cgroup")).unwrap_or_default();
        groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).any(|group| {
            if self.settings.unit.starts_with('/') {
                Path::new(group).starts_with(&self.settings.unit)
            } else {
                group.split('/').any(|part| {
                    part == self.settings.unit || part.strip_suffix(".service") == Some(&self.settings.unit)
                })
            }
        })
    }
}

/// The words of the command line; none for a thread of the kernel.
fn words(folder: &Path) -> Vec<String> {
    let text = files::text(&folder.join("cmdline")).unwrap_or_default();
    text.split('\0').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn add_descendants(processes: &[Process], members: &mut Vec<usize>) {
    let mut children: HashMap<u32, Vec<usize>> = HashMap::new();
    for (place, process) in processes.iter().enumerate() {
        children.entry(process.parent).or_default().push(place);
    }
    let mut known: HashSet<usize> = members.iter().copied().collect();
    let mut next = 0;
    while let Some(place) = members.get(next) {
        for child in children.get(&processes[*place].pid).into_iter().flatten() {
            if known.insert(*child) {
                members.push(*child);
            }
        }
        next += 1;
    }
}

/// Whether `name` is like `pattern`, in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, expected) in [
            ("postgres", "postgres", true),
            ("postgres", "postgres2", false),
            ("post*", "postgres", true),
            ("*gres", "postgres", true),
            ("p*t*s", "postgres", true),
            ("p*x*s", "postgres", false),
            ("ab*ba", "aba", false),
            ("*", "", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    fn process(pid: u32, parent: u32, name: &str) -> Process {
        Process { pid, parent, name: name.to_owned(), started: u64::from(pid), ..Process::default() }
    }

    fn pids(settings: WatchedProcess, root: &Path, processes: &[Process]) -> Vec<u32> {
        let places = Membership::new(settings).members(&Kernel::recorded(root), processes);
        places.into_iter().map(|place| processes[place].pid).collect()
    }

    #[test]
    fn each_condition_chooses_and_all_have_to_hold() {
        let folder = tempfile::tempdir().unwrap();
        let proc = folder.path().join("proc");
        for (pid, command, group) in [
            (10, "/usr/lib/postgresql/bin/postgres\0-D\0/data\0", "0::/system.slice/postgresql.service\n"),
            (11, "postgres: writer\0", "0::/system.slice/postgresql.service\n"),
            (12, "/usr/bin/python3\0-m\0worker\0", "4:memory:/x\n0::/user.slice/app\n"),
        ] {
            let folder = proc.join(pid.to_string());
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("cmdline"), command).unwrap();
            fs::write(folder.join("cgroup"), group).unwrap();
        }
        let pid_file = folder.path().join("pid");
        fs::write(&pid_file, "10\n").unwrap();
        let processes = [
            process(1, 0, "init"),
            process(10, 1, "renamed"),
            process(11, 10, "postgres"),
            process(12, 11, "python3"),
        ];
        let root = folder.path();
        let by = |change: &dyn Fn(&mut WatchedProcess)| {
            let mut settings = WatchedProcess { name: "w".into(), ..WatchedProcess::default() };
            change(&mut settings);
            pids(settings, root, &processes)
        };
        assert_eq!(by(&|w| w.executable = "postgres".into()), [10, 11]);
        assert_eq!(by(&|w| w.command = "-m worker$".into()), [12]);
        assert_eq!(by(&|w| w.command = "(".into()), [] as [u32; 0]);
        assert_eq!(by(&|w| w.unit = "postgresql".into()), [10, 11]);
        assert_eq!(by(&|w| w.unit = "/user.slice".into()), [12]);
        assert_eq!(by(&|w| w.pid_file = pid_file.display().to_string()), [10]);
        assert_eq!(by(&|w| w.pid_file = "/not/there".into()), [] as [u32; 0]);
        let both = |w: &mut WatchedProcess| {
            w.executable = "post*".into();
            w.unit = "postgresql.service".into();
            w.command = "writer".into();
        };
        assert_eq!(by(&both), [11]);
        let with_children = |w: &mut WatchedProcess| {
            w.pid_file = pid_file.display().to_string();
            w.children = true;
        };
        assert_eq!(by(&with_children), [10, 11, 12]);
    }
}
