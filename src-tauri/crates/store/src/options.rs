//! Limits the store works within.

use std::time::Duration;

/// Limits of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Memory the database may take, in bytes; beyond it work goes to temporary files or fails.
    pub memory_limit_bytes: u64,
    /// Threads the database may use for one read.
    pub threads: u32,
    /// Records that may wait to be written; more are refused as busy.
    pub queue_records: usize,
    /// Bytes that are kept free on the disk, or a quarter of it if that is less: below that no telemetry is
    /// taken in.
    pub reserve_bytes: u64,
    /// How long a read may take.
    pub read_deadline: Duration,
}

impl Default for StoreOptions {
    /// A quarter of the machine's memory between 256 MiB and 2 GiB, at most four threads, 500,000
    /// waiting records, 512 MB kept free, 20 seconds.
    fn default() -> Self {
        Self {
            memory_limit_bytes: (physical_memory() / 4).clamp(256 << 20, 2 << 30),
            threads: std::thread::available_parallelism().map_or(2, |cores| cores.get().min(4)) as u32,
            queue_records: 500_000,
            reserve_bytes: 512_000_000,
            read_deadline: Duration::from_secs(20),
        }
    }
}

/// Bytes of memory in the machine; 2 GiB where that cannot be found out.
fn physical_memory() -> u64 {
    const ASSUMED: u64 = 2 << 30;
    let Ok(mut system) = sysinfo::System::new() else {
        return ASSUMED;
    };
    system.refresh_memory();
    Some(system.total_memory()).filter(|total| *total > 0).unwrap_or(ASSUMED)
}
