//! What can be set about the metrics of this machine.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Metrics of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Host {
    /// Whether they are collected.
    pub enabled: bool,
    /// Seconds between two samples, at least 1.
    pub interval_seconds: u32,
    /// How many processes are kept, by processor time and by memory each; 0 keeps none.
    pub top_processes: u32,
    /// Which parts of the machine are read.
    pub collectors: HostCollectors,
}

impl Default for Host {
    fn default() -> Self {
        Self { enabled: true, interval_seconds: 5, top_processes: 10, collectors: HostCollectors::default() }
    }
}

macro_rules! collectors {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Parts of the machine, each of which is read or not; all of them are by default.
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
            /// Reads nothing.
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
