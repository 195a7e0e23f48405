//! The status of a component with many targets: one line from the status of each target.

use std::{collections::BTreeMap, sync::Arc};

use model::HealthState;
use parking_lot::Mutex;
use runtime::HealthReporter;

/// Number of failing targets in the message; the series `up` covers all targets.
const MAX_NAMED: usize = 3;

/// The statuses of all targets, combined into the component's. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct TargetStatus {
    reporter: HealthReporter,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    /// Address and reporter by the key of the target.
    targets: BTreeMap<String, (String, HealthReporter)>,
    /// Problems besides those of targets, by source.
    problems: BTreeMap<String, Vec<String>>,
    /// Warnings by source.
    warnings: BTreeMap<String, Vec<String>>,
    /// True after the first discovery.
    discovered: bool,
}

impl TargetStatus {
    pub(crate) fn new(reporter: HealthReporter) -> Self {
        Self { reporter, entries: Arc::default() }
    }

    /// Adds a target and returns its reporter. Keys, like sources of problems, start with `job NAME
    /// `.
    pub(crate) fn add(&self, key: &str, address: &str) -> HealthReporter {
        let reporter = HealthReporter::new(address);
        self.change(|entries| {
            entries.targets.insert(key.to_owned(), (address.to_owned(), reporter.clone()));
        });
        reporter
    }

    /// Removes a target.
    pub(crate) fn remove(&self, key: &str) {
        self.change(|entries| {
            entries.targets.remove(key);
        });
    }

    /// Records that discovery is complete, so that an empty list of targets is a result.
    pub(crate) fn discovered(&self) {
        self.change(|entries| entries.discovered = true);
    }

    /// Sets the problems of `source`; an empty list removes them.
    pub(crate) fn set_problems(&self, source: &str, problems: Vec<String>) {
        self.change(|entries| {
            if problems.is_empty() {
                entries.problems.remove(source);
            } else {
                entries.problems.insert(source.to_owned(), problems);
            }
        });
        self.publish();
    }

    /// Sets the warnings of `source`.
    pub(crate) fn set_warnings(&self, source: &str, warnings: Vec<String>) {
        self.change(|entries| {
            entries.warnings.insert(source.to_owned(), warnings);
        });
        self.publish();
    }

    /// Removes every entry whose key or source starts with `prefix`.
    pub(crate) fn remove_all(&self, prefix: &str) {
        self.change(|entries| {
            entries.targets.retain(|key, _| !key.starts_with(prefix));
            entries.problems.retain(|source, _| !source.starts_with(prefix));
            entries.warnings.retain(|source, _| !source.starts_with(prefix));
        });
        self.publish();
    }

    fn change(&self, change: impl FnOnce(&mut Entries)) {
        change(&mut self.entries.lock());
    }

    /// Reports the status of the component.
    pub(crate) fn publish(&self) {
        let entries = self.entries.lock();
        let mut messages: Vec<String> = Vec::new();
        let mut state = HealthState::Healthy;
        let statuses: Vec<_> =
            entries.targets.values().map(|(address, target)| (address, target.status())).collect();
        let failing: Vec<_> =
            statuses.iter().filter(|(_, status)| status.state == HealthState::Degraded).collect();
        match (&statuses[..], &failing[..]) {
            ([], _) if entries.discovered => messages.push("no targets".to_owned()),
            ([], _) => state = HealthState::Unknown,
            ([(_, only)], _) => {
                state = only.state;
                messages.extend(Some(only.message.clone()).filter(|message| !message.is_empty()));
            }
            (_, []) if statuses.iter().all(|(_, status)| status.state == HealthState::Unknown) => {
                state = HealthState::Unknown;
            }
            (all, []) => messages.push(format!("{} targets", all.len())),
            (all, failing) => {
                state = HealthState::Degraded;
                messages.push(format!("{} of {} targets fail", failing.len(), all.len()));
                let named = failing.iter().take(MAX_NAMED);
                messages.extend(named.map(|(address, status)| format!("{address}: {}", status.message)));
                if failing.len() > MAX_NAMED {
                    messages.push(format!("and {} more", failing.len() - MAX_NAMED));
                }
            }
        }
        for notice in entries.problems.values().flatten() {
            state = HealthState::Degraded;
            messages.push(notice.clone());
        }
        messages.extend(entries.warnings.values().flatten().cloned());
        self.reporter.report(state, messages.join("; "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_fail_are_named_but_not_all_of_many() {
        let reporter = HealthReporter::new("part");
        let status = TargetStatus::new(reporter.clone());
        for number in 0..6 {
            let target = status.add(&format!("job j target {number}"), &format!("http://h:{number}"));
            match number {
                0 => target.healthy(),
                _ => target.report(HealthState::Degraded, format!("broken {number}")),
            }
            status.publish();
            let message = reporter.status().message;
            match number {
                2 => assert_eq!(message, "2 of 3 targets fail; http://h:1: broken 1; http://h:2: broken 2"),
                5 => {
                    assert!(message.starts_with("5 of 6 targets fail; http://h:1: broken 1; "), "{message}");
                    assert!(message.ends_with("; http://h:3: broken 3; and 2 more"), "{message}");
                }
                _ => {}
            }
        }
    }
}
