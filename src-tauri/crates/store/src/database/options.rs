//! Options of a store.

use std::time::Duration;

use runtime::Clock;

/// The options of a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Memory limit of the database in bytes. Beyond it work uses temporary files or fails.
    pub memory_limit_bytes: u64,
    /// Threads of the database for one read.
    pub threads: u32,
    /// Records in the queue of the writer. More are rejected as busy.
    pub queue_records: usize,
    /// Bytes to leave free on the disk, at most a quarter of it. Below them no telemetry is
    /// accepted.
    pub reserve_bytes: u64,
    /// Bytes of labels of past series and resources that stay in memory. The others are in a file.
    pub past_label_bytes: usize,
    /// The deadline of a read.
    pub read_deadline: Duration,
    /// The clock of the store.
    pub clock: Clock,
}

impl Default for StoreOptions {
    /// A quarter of the machine's memory between 256 MiB and 2 GiB, at most four threads, 500,000
    /// queued records, 512 MB left free, 64 MiB of past labels, 20 seconds.
    fn default() -> Self {
        Self {
            memory_limit_bytes: (physical_memory() / 4).clamp(256 << 20, 2 << 30),
            threads: std::thread::available_parallelism().map_or(2, |cores| cores.get().min(4)) as u32,
            queue_records: 500_000,
            reserve_bytes: 512_000_000,
            past_label_bytes: 64 << 20,
            read_deadline: Duration::from_secs(20),
            clock: Clock::system(),
        }
    }
}

/// Returns the memory of the machine in bytes, or 2 GiB where it is unknown.
fn physical_memory() -> u64 {
    const ASSUMED: u64 = 2 << 30;
    let Ok(mut system) = sysinfo::System::new() else {
        return ASSUMED;
    };
    system.refresh_memory();
    Some(system.total_memory()).filter(|total| *total > 0).unwrap_or(ASSUMED)
}
