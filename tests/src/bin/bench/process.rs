//! Processor time and memory of a process, read from `/proc`.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// Processor time of a process up to an instant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessorTime {
    used: Duration,
    at: Instant,
}

impl ProcessorTime {
    /// Reads the time of all threads, in user mode and in the kernel.
    pub(crate) fn of(process: u32) -> Result<Self> {
        /// The value of `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux there is today.
        const TICKS_PER_SECOND: u64 = 100;
        let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name of the program, in parentheses, may hold anything.
        let (_, fields) = text.rsplit_once(')').context("no program name in /proc/PID/stat")?;
        let ticks = |index: usize| {
            let field = fields.split_whitespace().nth(index).context("/proc/PID/stat is too short")?;
            Ok::<u64, anyhow::Error>(field.parse()?)
        };
        let used = Duration::from_millis((ticks(11)? + ticks(12)?) * 1000 / TICKS_PER_SECOND);
        Ok(Self { used, at: Instant::now() })
    }

    /// Returns the seconds used since an earlier reading.
    pub(crate) fn seconds_since(self, earlier: Self) -> f64 {
        (self.used - earlier.used).as_secs_f64()
    }

    /// Returns the mean number of cores in use since an earlier reading.
    pub(crate) fn cores_since(self, earlier: Self) -> f64 {
        (self.used - earlier.used).as_secs_f64() / (self.at - earlier.at).as_secs_f64()
    }
}

/// Memory of a process in MiB (2^20 bytes).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) resident: f64,
    pub(crate) max: f64,
    /// Resident memory that is not backed by files.
    pub(crate) anonymous: f64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/status"))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).context(name.to_owned())?;
            let kibibytes: f64 = line.trim_matches([':', '\t', ' ', 'k', 'B']).parse()?;
            Ok::<f64, anyhow::Error>(kibibytes / 1024.0)
        };
        Ok(Self { resident: field("VmRSS")?, max: field("VmHWM")?, anonymous: field("RssAnon")? })
    }
}
