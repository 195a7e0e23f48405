//! The table of processes: `/proc/PID/stat` (proc_pid_stat(5)).

use std::{
    collections::HashMap,
    fs::{self, File},
    io::Read as _,
};

use super::kernel_files::KernelFiles;
use crate::host::{
    metrics::ProcessState,
    metrics_builder::{MetricsBuilder, tag},
};

/// The content of one `/proc/PID/stat`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// The first fifteen bytes of the executable's name.
    pub(crate) name: String,
    pub(crate) state: char,
    pub(crate) parent: u32,
    pub(crate) minor_faults: u64,
    pub(crate) major_faults: u64,
    pub(crate) user_ticks: u64,
    pub(crate) system_ticks: u64,
    pub(crate) threads: u64,
    /// Ticks from the start of the machine.
    pub(crate) started: u64,
    pub(crate) virtual_bytes: u64,
    pub(crate) resident_pages: u64,
}

/// Parses `/proc/PID/stat`. The name is in parentheses and may contain any characters.
fn parse(text: &str) -> Option<Process> {
    let (pid, rest) = text.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let mut words = rest.split_ascii_whitespace();
    let state = words.next()?.chars().next()?;
    let numbers: Vec<u64> = words
        .take(21)
        // Some fields may be negative, but none of the used ones.
        .map(|word| word.parse::<i128>().map(|number| u64::try_from(number).unwrap_or(0)))
        .collect::<Result<_, _>>()
        .ok()?;
    let number = |index: usize| numbers.get(index).copied();
    Some(Process {
        pid: pid.trim().parse().ok()?,
        name: name.to_owned(),
        state,
        parent: u32::try_from(number(0)?).ok()?,
        minor_faults: number(6)?,
        major_faults: number(8)?,
        user_ticks: number(10)?,
        system_ticks: number(11)?,
        threads: number(16)?,
        started: number(18)?,
        virtual_bytes: number(19)?,
        resident_pages: number(20)?,
    })
}

/// The processes at one time, and the processor time of each at the previous reading.
#[derive(Debug, Default)]
pub(crate) struct ProcessTable {
    pub(crate) processes: Vec<Process>,
    /// Ticks by process and its start.
    before: HashMap<(u32, u64), u64>,
    buffer: Vec<u8>,
}

impl ProcessTable {
    /// Reads the table; processes that end meanwhile are missing.
    pub(crate) fn read(&mut self, kernel: &KernelFiles) {
        self.before = self
            .processes
            .drain(..)
            .map(|process| ((process.pid, process.started), process.user_ticks + process.system_ticks))
            .collect();
        let Ok(listed) = fs::read_dir(kernel.proc("")) else { return };
        for entry in listed.filter_map(Result::ok) {
            let name = entry.file_name();
            if !name.as_encoded_bytes().first().is_some_and(u8::is_ascii_digit) {
                continue;
            }
            self.buffer.clear();
            let read = File::open(entry.path().join("stat"))
                .and_then(|file| file.take(8192).read_to_end(&mut self.buffer));
            if read.is_ok()
                && let Some(process) = parse(&String::from_utf8_lossy(&self.buffer))
            {
                self.processes.push(process);
            }
        }
    }

    /// Returns the processes with their share of all processors in the `passed_ticks` since the
    /// last reading. New processes have a share of 0.
    pub(crate) fn states(&self, passed_ticks: f64, processors: usize, page_bytes: u64) -> Vec<ProcessState> {
        let whole = passed_ticks * processors.max(1) as f64;
        self.processes
            .iter()
            .map(|process| {
                let ticks = process.user_ticks + process.system_ticks;
                let before = self.before.get(&(process.pid, process.started));
                let used = before.map_or(0, |before| ticks.saturating_sub(*before));
                ProcessState {
                    name: process.name.clone(),
                    pid: process.pid,
                    cpu: if whole > 0.0 { (used as f64 / whole).clamp(0.0, 1.0) } else { 0.0 },
                    memory_bytes: process.resident_pages.saturating_mul(page_bytes),
                }
            })
            .collect()
    }

    /// Records the number of processes in each state, and of all threads.
    pub(crate) fn record(&self, builder: &mut MetricsBuilder) {
        const STATES: [(&str, &[char]); 7] = [
            ("running", &['R']),
            ("sleeping", &['S']),
            ("idle", &['I']),
            ("disk_sleep", &['D']),
            ("stopped", &['T', 't']),
            ("zombie", &['Z']),
            ("dead", &['X', 'x']),
        ];
        for (name, letters) in STATES {
            let count = self.processes.iter().filter(|process| letters.contains(&process.state)).count();
            // Dead processes are visible for an instant only.
            if count > 0 || name != "dead" {
                builder.gauge("system.process.count", "{process}", tag("process.state", name), count as f64);
            }
        }
        let threads: u64 = self.processes.iter().map(|process| process.threads).sum();
        builder.gauge("system.linux.thread.count", "{thread}", model::Attributes::new(), threads as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    const LINE: &str = "42 (a) b (c) S 7 42 42 0 -1 4194560 100 0 5 0 30 20 0 0 20 0 3 0 900 4096000 250 18446744073709551615 1 1 0";

    #[test]
    fn names_may_contain_any_characters() {
        let process = parse(LINE).unwrap();
        assert_eq!((process.pid, process.name.as_str(), process.parent), (42, "a) b (c", 7));
        assert_eq!((process.user_ticks, process.system_ticks, process.threads), (30, 20, 3));
        assert_eq!((process.started, process.virtual_bytes, process.resident_pages), (900, 4_096_000, 250));
        assert_eq!((process.minor_faults, process.major_faults), (100, 5));
        for bad in ["", "42", "42 (x", "42 (x) ", "42 (x) S 1 2", "x (y) S 1 2 3", "42 (\u{fffd}) S a b"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn shares_are_measured_from_one_reading_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = KernelFiles::recorded(folder.path());
        let stat = kernel.proc("42/stat");
        fs::create_dir_all(stat.parent().unwrap()).unwrap();
        fs::create_dir_all(kernel.proc("43")).unwrap();
        fs::write(&stat, LINE).unwrap();
        let mut table = ProcessTable::default();
        table.read(&kernel);
        assert_eq!(table.states(100.0, 2, 4096)[0].cpu, 0.0);
        fs::write(&stat, LINE.replace(" 30 20 ", " 90 60 ")).unwrap();
        table.read(&kernel);
        let states = table.states(100.0, 2, 4096);
        assert_eq!((states.len(), states[0].cpu, states[0].memory_bytes), (1, 0.5, 250 * 4096));
        let (_, values) = recorded(|builder| table.record(builder));
        assert_eq!(values["system.process.count{process.state=sleeping}"], 1.0);
        assert_eq!(values["system.linux.thread.count{}"], 3.0);
        // The same pid of another process.
        fs::write(&stat, LINE.replace(" 900 ", " 901 ")).unwrap();
        table.read(&kernel);
        assert_eq!(table.states(100.0, 2, 4096)[0].cpu, 0.0);
    }
}
