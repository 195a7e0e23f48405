//! Assignment of processes to a watched group.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

use config::WatchedProcess;
use regex::Regex;

use super::{
    kernel_files::{self, KernelFiles},
    process_table::Process,
};
use crate::name_pattern::NamePattern;

/// A new process briefly runs the program of its parent. Its assignment is checked this often.
const CHECKS: u8 = 3;

/// The pid and the start time, which together identify a process.
pub(crate) type Identity = (u32, u64);

/// The conditions of one group, with a cache of decisions.
#[derive(Debug)]
pub(crate) struct Membership {
    settings: WatchedProcess,
    executable: NamePattern,
    command: Option<Regex>,
    decided: HashMap<Identity, Decision>,
}

#[derive(Debug, Clone)]
struct Decision {
    belongs: bool,
    checks: u8,
    name: String,
}

impl Membership {
    /// Creates the conditions. The settings refuse an invalid expression; here it matches nothing.
    pub(crate) fn new(settings: WatchedProcess) -> Self {
        let pattern = if settings.command.is_empty() { None } else { Regex::new(&settings.command).ok() };
        let executable = NamePattern::new(&settings.executable);
        Self { settings, executable, command: pattern, decided: HashMap::new() }
    }

    /// Returns the positions in `processes` of the members.
    pub(crate) fn members(&mut self, kernel: &KernelFiles, processes: &[Process]) -> Vec<usize> {
        let from_file = (!self.settings.pid_file.is_empty())
            .then(|| kernel_files::number::<u32>(Path::new(&self.settings.pid_file)));
        let mut decided = HashMap::with_capacity(processes.len());
        let mut members = Vec::new();
        for (position, process) in processes.iter().enumerate() {
            let identity = (process.pid, process.started);
            let decision = match self.decided.remove(&identity) {
                Some(decision) if decision.checks >= CHECKS && decision.name == process.name => decision,
                previous => Decision {
                    belongs: self.belongs(kernel, process),
                    checks: previous.map_or(1, |previous| previous.checks.saturating_add(1)),
                    name: process.name.clone(),
                },
            };
            let is_named = from_file.is_none_or(|named| named == Some(process.pid));
            if decision.belongs && is_named {
                members.push(position);
            }
            decided.insert(identity, decision);
        }
        self.decided = decided;
        if self.settings.children {
            add_descendants(processes, &mut members);
        }
        members
    }

    /// Returns true if the process meets all conditions except the pid file.
    fn belongs(&self, kernel: &KernelFiles, process: &Process) -> bool {
        let folder = kernel.proc(&process.pid.to_string());
        (self.settings.executable.is_empty() || self.has_executable(&folder, process))
            && (self.settings.command.is_empty() || self.has_command(&folder))
            && (self.settings.unit.is_empty() || self.is_in_unit(&folder))
    }

    fn has_executable(&self, folder: &Path, process: &Process) -> bool {
        let wanted = |name: &str| self.executable.matches(name);
        // The kernel cuts its name after fifteen bytes, and programs change it.
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
        let groups = kernel_files::text(&folder.join("cgroup")).unwrap_or_default();
        groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).any(|group| {
            if self.settings.unit.starts_with('/') {
                Path::new(group).starts_with(&self.settings.unit)
            } else {
                group.split('/').any(|segment| {
                    segment == self.settings.unit
                        || segment.strip_suffix(".service") == Some(&self.settings.unit)
                })
            }
        })
    }
}

/// Returns the words of the command line; none for a kernel thread.
fn words(folder: &Path) -> Vec<String> {
    let text = kernel_files::text(&folder.join("cmdline")).unwrap_or_default();
    text.split('\0').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn add_descendants(processes: &[Process], members: &mut Vec<usize>) {
    let mut children: HashMap<u32, Vec<usize>> = HashMap::new();
    for (position, process) in processes.iter().enumerate() {
        children.entry(process.parent).or_default().push(position);
    }
    let mut seen: HashSet<usize> = members.iter().copied().collect();
    let mut next = 0;
    while let Some(position) = members.get(next) {
        for child in children.get(&processes[*position].pid).into_iter().flatten() {
            if seen.insert(*child) {
                members.push(*child);
            }
        }
        next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, parent: u32, name: &str) -> Process {
        Process { pid, parent, name: name.to_owned(), started: u64::from(pid), ..Process::default() }
    }

    fn pids(settings: WatchedProcess, root: &Path, processes: &[Process]) -> Vec<u32> {
        let positions = Membership::new(settings).members(&KernelFiles::recorded(root), processes);
        positions.into_iter().map(|position| processes[position].pid).collect()
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
