//! What can be set about processes that are watched one by one.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Processes that are watched together under one name: all that meet every condition that is set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct WatchedProcess {
    /// The name they are told under; no two share one.
    pub name: String,
    /// Name of the executable; `*` stands for anything. Any if empty.
    #[serde(default)]
    pub executable: String,
    /// Regular expression found in the command line. Any if empty.
    #[serde(default)]
    pub command: String,
    /// File that holds the number of the process. Not asked if empty.
    #[serde(default)]
    pub pid_file: String,
    /// Unit of systemd such as `postgresql.service`, or a control group from `/`. Any if empty.
    #[serde(default)]
    pub unit: String,
    /// Whether the processes they started belong to them.
    #[serde(default)]
    pub children: bool,
}
