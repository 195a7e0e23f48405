//! Data of the test server's installation, and its true totals.

use std::collections::{BTreeMap, BTreeSet};

/// An error event.
#[derive(Debug, Clone)]
pub struct ErrorEvent {
    /// Its project.
    pub project: &'static str,
    /// Its level.
    pub level: &'static str,
    /// Time, in seconds since 1970 by the server's clock.
    pub time: i64,
}

/// A transaction.
#[derive(Debug, Clone)]
pub struct TransactionEvent {
    /// Its project.
    pub project: &'static str,
    /// Its duration.
    pub milliseconds: f64,
    /// Time, in seconds since 1970 by the server's clock.
    pub time: i64,
}

/// A quantity with its outcome.
#[derive(Debug, Clone)]
pub struct OutcomeEvent {
    /// Its project.
    pub project: &'static str,
    /// Its category.
    pub category: &'static str,
    /// Its outcome.
    pub outcome: &'static str,
    /// The amount.
    pub quantity: u64,
    /// Time, in seconds since 1970 by the server's clock.
    pub time: i64,
}

/// A session.
#[derive(Debug, Clone)]
pub struct SessionEvent {
    /// Its project.
    pub project: &'static str,
    /// Its environment.
    pub environment: &'static str,
    /// Its release.
    pub release: &'static str,
    /// Its final status.
    pub status: &'static str,
    /// Its user.
    pub user: u32,
    /// Time, in seconds since 1970 by the server's clock.
    pub time: i64,
}

/// An unresolved issue.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Its number.
    pub id: u64,
    /// Its project.
    pub project: &'static str,
    /// Its level.
    pub level: &'static str,
}

/// A cron monitor in one environment.
#[derive(Debug, Clone)]
pub struct Monitor {
    /// Its slug.
    pub slug: &'static str,
    /// Its project.
    pub project: &'static str,
    /// The environment.
    pub environment: &'static str,
    /// The environment's state.
    pub status: &'static str,
    /// Latest time of the next check-in, in seconds since 1970.
    pub due: i64,
}

/// All data of the installation.
#[derive(Debug, Clone, Default)]
pub struct Data {
    /// Projects: number and slug.
    pub projects: Vec<(u64, &'static str)>,
    /// Error events.
    pub errors: Vec<ErrorEvent>,
    /// Transactions.
    pub transactions: Vec<TransactionEvent>,
    /// Outcomes.
    pub outcomes: Vec<OutcomeEvent>,
    /// Sessions.
    pub sessions: Vec<SessionEvent>,
    /// Unresolved issues, newest first.
    pub issues: Vec<Issue>,
    /// Monitors.
    pub monitors: Vec<Monitor>,
}

const LEVELS: [&str; 4] = ["error", "warning", "fatal", "info"];

impl Data {
    /// Creates three projects with data from `start` to `end` (seconds since 1970), repeatably.
    pub fn busy(start: i64, end: i64) -> Self {
        let mut data = Self {
            projects: vec![(11, "checkout"), (12, "search"), (13, "mail")],
            issues: (0..731)
                .map(|id| Issue {
                    id,
                    project: ["checkout", "search"][id as usize % 2],
                    level: LEVELS[(id as usize / 2) % 3],
                })
                .collect(),
            ..Self::default()
        };
        data.extend(start, end);
        for (slug, status, environment) in [
            ("nightly", "ok", "production"),
            ("nightly", "error", "staging"),
            ("invoices", "missed_checkin", "production"),
        ] {
            data.monitors.push(Monitor { slug, project: "mail", environment, status, due: end - 90 });
        }
        data
    }

    /// Adds data from `start` to `end`.
    pub fn extend(&mut self, start: i64, end: i64) {
        let projects: Vec<&'static str> = self.projects.iter().map(|(_, slug)| *slug).collect();
        let mut random = start as u64 | 1;
        let mut dice = move |sides: u64| {
            // A plain multiplicative generator is random enough for made-up events.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % sides
        };
        let mut time = start;
        while time < end {
            let project = projects[dice(projects.len() as u64) as usize];
            match dice(4) {
                0 => self.errors.push(ErrorEvent { project, level: LEVELS[dice(4) as usize], time }),
                1 => {
                    let milliseconds = 5.0 + dice(2_000) as f64;
                    self.transactions.push(TransactionEvent { project, milliseconds, time });
                }
                2 => {
                    let category =
                        ["error", "transaction", "attachment", "profile_duration"][dice(4) as usize];
                    let outcome =
                        ["accepted", "filtered", "rate_limited", "invalid", "abuse", "client_discard"]
                            [dice(6) as usize];
                    self.outcomes.push(OutcomeEvent {
                        project,
                        category,
                        outcome,
                        quantity: 1 + dice(900),
                        time,
                    });
                }
                _ => self.sessions.push(SessionEvent {
                    project,
                    environment: ["production", "staging"][dice(2) as usize],
                    release: ["app@1.0", "app@2.0"][dice(2) as usize],
                    status: ["healthy", "healthy", "errored", "crashed"][dice(4) as usize],
                    user: dice(50) as u32,
                    time,
                }),
            }
            time += 3 + dice(20) as i64;
        }
    }

    /// Counts errors within a range of seconds, by project and level.
    pub fn error_totals(&self, start: i64, end: i64) -> BTreeMap<(String, String), f64> {
        let mut totals = BTreeMap::new();
        for event in self.errors.iter().filter(|event| (start..end).contains(&event.time)) {
            *totals.entry((event.project.to_owned(), event.level.to_owned())).or_default() += 1.0;
        }
        totals
    }

    /// Counts transactions within a range of seconds, by project.
    pub fn transaction_totals(&self, start: i64, end: i64) -> BTreeMap<String, f64> {
        let mut totals = BTreeMap::new();
        for event in self.transactions.iter().filter(|event| (start..end).contains(&event.time)) {
            *totals.entry(event.project.to_owned()).or_default() += 1.0;
        }
        totals
    }

    /// Sums quantities within a range of seconds, by project, category and outcome.
    pub fn outcome_totals(&self, start: i64, end: i64) -> BTreeMap<(String, String, String), f64> {
        let mut totals = BTreeMap::new();
        for event in self.outcomes.iter().filter(|event| (start..end).contains(&event.time)) {
            let key = (event.project.to_owned(), event.category.to_owned(), event.outcome.to_owned());
            *totals.entry(key).or_default() += event.quantity as f64;
        }
        totals
    }

    /// Counts sessions, users, crashed sessions and users with a crash within a range of seconds,
    /// grouped by `key`.
    pub fn session_totals<K: Ord>(
        &self,
        start: i64,
        end: i64,
        key: impl Fn(&SessionEvent) -> K,
    ) -> BTreeMap<K, [f64; 4]> {
        let mut totals: BTreeMap<K, (f64, BTreeSet<u32>, f64, BTreeSet<u32>)> = BTreeMap::new();
        for event in self.sessions.iter().filter(|event| (start..end).contains(&event.time)) {
            let entry = totals.entry(key(event)).or_default();
            entry.0 += 1.0;
            entry.1.insert(event.user);
            if event.status == "crashed" {
                entry.2 += 1.0;
                entry.3.insert(event.user);
            }
        }
        let counted =
            |(key, (sessions, users, crashed, saw)): (K, (f64, BTreeSet<u32>, f64, BTreeSet<u32>))| {
                (key, [sessions, users.len() as f64, crashed, saw.len() as f64])
            };
        totals.into_iter().map(counted).collect()
    }
}
