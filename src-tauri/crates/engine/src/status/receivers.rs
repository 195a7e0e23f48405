//! The list of receivers: their addresses, their health and their counters.

use std::{sync::Arc, time::Duration};

use ingest::IntakeCounters;
use model::{HealthState, ListenerAccess, ListenerStatus};
use parking_lot::Mutex;
use runtime::HealthReporter;

/// Interval at which [`Receivers::settled`] polls the receivers.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A protocol with its name in settings, metrics and status, and its title for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// Name, such as `otlp_grpc`.
    pub name: &'static str,
    /// Title, such as `OTLP over gRPC`.
    pub title: &'static str,
}

#[derive(Debug, Clone)]
struct Entry {
    protocol: Protocol,
    address: String,
    access: ListenerAccess,
    health: HealthReporter,
    counters: Arc<IntakeCounters>,
}

/// The receivers of an engine. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Receivers {
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Receivers {
    /// Adds a receiver or replaces the one of the same protocol, whose counters and access
    /// continue. Returns the counters.
    pub fn register(&self, protocol: Protocol, address: &str, health: HealthReporter) -> Arc<IntakeCounters> {
        let mut entries = self.entries.lock();
        let (counters, access) = entries
            .iter()
            .position(|entry| entry.protocol == protocol)
            .map(|position| entries.remove(position))
            .map(|entry| (entry.counters, entry.access))
            .unwrap_or_default();
        let address = address.to_owned();
        entries.push(Entry { protocol, address, access, health, counters: counters.clone() });
        entries.sort_by_key(|entry| entry.protocol.name);
        counters
    }

    /// Adds a receiver that is about to listen on `address`. Its state is unknown until then.
    pub(crate) fn add(&self, protocol: Protocol, address: &str) -> HealthReporter {
        let health = HealthReporter::new(protocol.title);
        self.register(protocol, address, health.clone());
        self.set_access(protocol.name, ListenerAccess::default());
        health
    }

    /// Records who reaches the receiver of a protocol.
    pub(crate) fn set_access(&self, protocol: &'static str, access: ListenerAccess) {
        if let Some(entry) = self.entries.lock().iter_mut().find(|entry| entry.protocol.name == protocol) {
            entry.access = access;
        }
    }

    /// Returns the receivers that do not listen because other machines would reach them
    /// unprotected, with the reason.
    pub(crate) fn refused(&self) -> Vec<(Protocol, String)> {
        let entries = self.entries.lock().clone();
        let refused = entries.into_iter().filter(|entry| entry.access == ListenerAccess::Refused);
        let reasons = refused.map(|entry| (entry.protocol, entry.health.status().message));
        reasons.filter(|(_, reason)| !reason.is_empty()).collect()
    }

    /// Returns the receivers that rejected requests, or lines of StatsD, because the memory budget
    /// was exhausted, with their number.
    pub(crate) fn over_budget(&self) -> Vec<(Protocol, u64)> {
        let entries = self.entries.lock();
        let counts = entries.iter().map(|entry| (entry.protocol, entry.counters.over_budget()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Removes the receiver of a protocol.
    pub(crate) fn remove(&self, protocol: &'static str) {
        self.entries.lock().retain(|entry| entry.protocol.name != protocol);
    }

    /// Returns the status of all receivers.
    pub fn statuses(&self) -> Vec<ListenerStatus> {
        let entries = self.entries.lock().clone();
        entries
            .into_iter()
            .map(|entry| {
                let (received, refused, last_received) = entry.counters.snapshot();
                let health = entry.health.status();
                ListenerStatus {
                    protocol: entry.protocol.name.to_owned(),
                    address: entry.address,
                    access: entry.access,
                    state: health.state,
                    message: if health.message.is_empty() {
                        entry.counters.warning().to_owned()
                    } else {
                        health.message
                    },
                    received,
                    rejected_requests: refused,
                    over_budget: entry.counters.over_budget(),
                    rejected_records: entry.counters.rejected_records(),
                    last_received,
                }
            })
            .collect()
    }

    /// Waits until every receiver listens or has reported why it cannot.
    pub(crate) async fn settled(&self) {
        while self.statuses().iter().any(|receiver| receiver.state == HealthState::Unknown) {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}
