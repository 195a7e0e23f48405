//! Settings of monitored processes.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A group of monitored processes: all that meet every condition that is set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WatchedProcess {
    /// Name of the group in the series, unique.
    pub name: String,
    /// Name of the executable. May be a glob, such as `post*`. Empty matches every executable.
    #[serde(default)]
    pub executable: String,
    /// Regular expression to find in the command line. Empty matches every command line.
    #[serde(default)]
    pub command: String,
    /// File that holds the process ID. Empty for no such condition.
    #[serde(default)]
    pub pid_file: String,
    /// systemd unit such as `postgresql.service`, or a control group from `/`. Empty for any.
    #[serde(default)]
    pub unit: String,
    /// Includes the child processes.
    #[serde(default)]
    pub children: bool,
}
