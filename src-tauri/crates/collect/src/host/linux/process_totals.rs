//! Totals of one process since its start: `/proc/PID/{stat,io,status,limits}` (proc(5)).

use std::{ops::AddAssign, path::Path};

use super::{
    kernel_files::{self, KernelFiles},
    process_table::Process,
};

/// Totals of a process since its start. Processes of other users may not be readable.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct ProcessTotals {
    pub(super) user_ticks: u64,
    pub(super) system_ticks: u64,
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
    pub(super) read_bytes: Option<u64>,
    pub(super) written_bytes: Option<u64>,
    pub(super) voluntary: Option<u64>,
    pub(super) involuntary: Option<u64>,
}

impl ProcessTotals {
    /// Reads the totals of a process.
    pub(super) fn read(kernel: &KernelFiles, process: &Process) -> Self {
        let folder = kernel.proc(&process.pid.to_string());
        let io = kernel_files::text(&folder.join("io")).unwrap_or_default();
        let status = kernel_files::text(&folder.join("status")).unwrap_or_default();
        Self {
            user_ticks: process.user_ticks,
            system_ticks: process.system_ticks,
            minor_faults: process.minor_faults,
            major_faults: process.major_faults,
            read_bytes: entry(&io, "read_bytes"),
            written_bytes: entry(&io, "write_bytes"),
            voluntary: entry(&status, "voluntary_ctxt_switches"),
            involuntary: entry(&status, "nonvoluntary_ctxt_switches"),
        }
    }

    /// Takes the totals that could not be read from `last`.
    pub(super) fn fill(&mut self, last: Self) {
        self.read_bytes = self.read_bytes.or(last.read_bytes);
        self.written_bytes = self.written_bytes.or(last.written_bytes);
        self.voluntary = self.voluntary.or(last.voluntary);
        self.involuntary = self.involuntary.or(last.involuntary);
    }
}

impl AddAssign for ProcessTotals {
    fn add_assign(&mut self, other: Self) {
        let add = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
        };
        self.user_ticks = self.user_ticks.saturating_add(other.user_ticks);
        self.system_ticks = self.system_ticks.saturating_add(other.system_ticks);
        self.minor_faults = self.minor_faults.saturating_add(other.minor_faults);
        self.major_faults = self.major_faults.saturating_add(other.major_faults);
        self.read_bytes = add(self.read_bytes, other.read_bytes);
        self.written_bytes = add(self.written_bytes, other.written_bytes);
        self.voluntary = add(self.voluntary, other.voluntary);
        self.involuntary = add(self.involuntary, other.involuntary);
    }
}

/// Returns the number of a line such as `read_bytes: 4096`.
fn entry(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok())
}

/// Returns the soft limit of a line such as `Max open files 1024 4096 files`; none without a limit.
pub(super) fn open_files_limit(folder: &Path) -> Option<u64> {
    let text = kernel_files::text(&folder.join("limits"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}
