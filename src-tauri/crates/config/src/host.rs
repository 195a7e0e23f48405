//! Settings of the host metrics.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Settings of the metrics of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// Enables the host metrics.
    pub enabled: bool,
    /// Seconds between two samples, at least 1.
    pub interval_seconds: u32,
    /// Number of processes by CPU time and by memory each. 0 for none.
    pub top_processes: u32,
    /// Collectors that run.
    pub collectors: HostCollectors,
}

impl Default for Host {
    fn default() -> Self {
        Self { enabled: true, interval_seconds: 5, top_processes: 10, collectors: HostCollectors::default() }
    }
}

macro_rules! collectors {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The collectors of host metrics, each on or off. All are on by default.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
        #[serde(deny_unknown_fields, default)]
        pub struct HostCollectors {
            $($(#[$doc])* pub $name: bool,)*
        }

        impl Default for HostCollectors {
            fn default() -> Self {
                Self { $($name: true),* }
            }
        }

        impl HostCollectors {
            /// Returns every collector off.
            pub fn none() -> Self {
                Self { $($name: false),* }
            }
        }
    };
}

collectors! {
    /// Processors: time by mode, use, frequency.
    cpu,
    /// Load over 1, 5 and 15 minutes.
    load,
    /// Memory.
    memory,
    /// Swap, page faults, kills for want of memory.
    paging,
    /// Disks.
    disk,
    /// File systems.
    filesystem,
    /// Network interfaces.
    network,
    /// TCP, UDP, IP and ICMP.
    protocols,
    /// Sockets, their queues, tracked connections, neighbours.
    sockets,
    /// Time in which work waited for processors, memory or disks.
    pressure,
    /// Temperatures, fans, voltages, power, memory errors.
    sensors,
    /// Batteries and mains.
    power,
    /// Software RAID.
    raid,
    /// NFS client and server.
    nfs,
    /// Uptime, context switches, interrupts, new processes, open files, entropy.
    kernel,
    /// Limits of the container that Binnacle runs in.
    container,
    /// Processes by state, and those that take most.
    processes,
}
