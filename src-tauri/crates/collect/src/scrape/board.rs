//! How a part with many targets is: one line for people out of what each of them says.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use model::{HealthReporter, HealthState};

/// How many failing targets are named; the series `up` tells of all.
const MOST_NAMED: usize = 3;

/// Collects the states of targets and tells the part's. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    reporter: HealthReporter,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    /// By the key of the target: its address for people, and what it says.
    targets: BTreeMap<String, (String, HealthReporter)>,
    /// What is wrong or not understood beside the targets, by where it comes from.
    notices: BTreeMap<String, Vec<String>>,
    /// The same for what is merely worth knowing.
    remarks: BTreeMap<String, Vec<String>>,
    /// Whether anything was looked for yet.
    has_looked: bool,
}

impl Board {
    pub(crate) fn new(reporter: HealthReporter) -> Self {
        Self { reporter, entries: Arc::default() }
    }

    /// A place where a target says how it is. Keys, like sources of notices, start with `job NAME `.
    pub(crate) fn enter(&self, key: &str, shown: &str) -> HealthReporter {
        let reporter = HealthReporter::new(shown);
        self.change(|entries| {
            entries.targets.insert(key.to_owned(), (shown.to_owned(), reporter.clone()));
        });
        reporter
    }

    /// Takes a target away.
    pub(crate) fn leave(&self, key: &str) {
        self.change(|entries| {
            entries.targets.remove(key);
        });
    }

    /// Notes that targets were looked for, so that there being none means something once that is published.
    pub(crate) fn has_looked(&self) {
        self.change(|entries| entries.has_looked = true);
    }

    /// Sets what is to be told of `source`, nothing if `notices` is empty.
    pub(crate) fn notice(&self, source: &str, notices: Vec<String>) {
        self.change(|entries| {
            if notices.is_empty() {
                entries.notices.remove(source);
            } else {
                entries.notices.insert(source.to_owned(), notices);
            }
        });
        self.publish();
    }

    /// Sets what is worth knowing of `source`.
    pub(crate) fn remark(&self, source: &str, remarks: Vec<String>) {
        self.change(|entries| {
            entries.remarks.insert(source.to_owned(), remarks);
        });
        self.publish();
    }

    /// Forgets everything whose key or source starts with `prefix`.
    pub(crate) fn forget(&self, prefix: &str) {
        self.change(|entries| {
            entries.targets.retain(|key, _| !key.starts_with(prefix));
            entries.notices.retain(|source, _| !source.starts_with(prefix));
            entries.remarks.retain(|source, _| !source.starts_with(prefix));
        });
        self.publish();
    }

    fn change(&self, change: impl FnOnce(&mut Entries)) {
        change(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Tells the part's state.
    pub(crate) fn publish(&self) {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts: Vec<String> = Vec::new();
        let mut state = HealthState::Healthy;
        let told: Vec<_> = entries.targets.values().map(|(shown, target)| (shown, target.status())).collect();
        let failing: Vec<_> =
            told.iter().filter(|(_, status)| status.state == HealthState::Degraded).collect();
        match (&told[..], &failing[..]) {
            ([], _) if entries.has_looked => parts.push("no targets".to_owned()),
            ([], _) => state = HealthState::Unknown,
            ([(_, only)], _) => {
                state = only.state;
                parts.extend(Some(only.message.clone()).filter(|message| !message.is_empty()));
            }
            (_, []) if told.iter().all(|(_, status)| status.state == HealthState::Unknown) => {
                state = HealthState::Unknown;
            }
            (all, []) => parts.push(format!("{} targets", all.len())),
            (all, failing) => {
                state = HealthState::Degraded;
                parts.push(format!("{} of {} targets fail", failing.len(), all.len()));
                let named = failing.iter().take(MOST_NAMED);
                parts.extend(named.map(|(shown, status)| format!("{shown}: {}", status.message)));
                if failing.len() > MOST_NAMED {
                    parts.push(format!("and {} more", failing.len() - MOST_NAMED));
                }
            }
        }
        for notice in entries.notices.values().flatten() {
            state = HealthState::Degraded;
            parts.push(notice.clone());
        }
        parts.extend(entries.remarks.values().flatten().cloned());
        self.reporter.report(state, parts.join("; "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_fail_are_named_but_not_all_of_many() {
        let reporter = HealthReporter::new("part");
        let board = Board::new(reporter.clone());
        for number in 0..6 {
            let target = board.enter(&format!("job j target {number}"), &format!("http://h:{number}"));
            match number {
                0 => target.healthy(),
                _ => target.report(HealthState::Degraded, format!("broken {number}")),
            }
            board.publish();
            let told = reporter.status().message;
            match number {
                2 => assert_eq!(told, "2 of 3 targets fail; http://h:1: broken 1; http://h:2: broken 2"),
                5 => {
                    assert!(told.starts_with("5 of 6 targets fail; http://h:1: broken 1; "), "{told}");
                    assert!(told.ends_with("; http://h:3: broken 3; and 2 more"), "{told}");
                }
                _ => {}
            }
        }
    }
}
