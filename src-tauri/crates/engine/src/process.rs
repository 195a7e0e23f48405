//! What the process takes from the system: open files and memory.

/// Raises the limit of open files to the most that the system grants without privileges.
///
/// Many systems begin with 1,024, for programs that still use select(2).
pub(crate) fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        if limit.current == limit.maximum {
            return;
        }
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::debug!(%error, "the limit of open files stays at {:?}", limit.current);
        }
    }
}

/// The use of processor and memory by the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Processor time since the start.
    pub(crate) cpu_seconds: f64,
    /// Bytes that are in memory.
    pub(crate) resident_bytes: f64,
}

/// Returns the use by the process. None where `/proc` does not exist.
pub(crate) fn usage() -> Option<Usage> {
    // proc_pid_stat(5): times are in ticks, which Linux fixes at 100 a second for user space.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = resident.trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some(Usage { cpu_seconds: ticks / TICKS, resident_bytes: kibibytes * 1024.0 })
}

/// Returns the number of open files. None where `/proc` does not exist.
pub(crate) fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

/// Gives freed memory back to the system. Takes some milliseconds. Other allocators than glibc's do
/// it by themselves.
pub(crate) fn release_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "malloc_trim(3) has no safe wrapper")]
    // SAFETY: the function has no preconditions and may be called from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_measured_and_may_open_all_it_is_granted() {
        raise_open_files();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert!(usage().unwrap().resident_bytes > 1e6);
        let before = open_files().unwrap();
        let _file = std::fs::File::open("/dev/null").unwrap();
        assert!(open_files().unwrap() > before.saturating_sub(8));
    }
}
