//! The words of diagnostics about receivers.

use model::{AlertSeverity, Diagnostic, Timestamp};

use crate::status::Protocol;

/// Beginning of the identifier of [`refused`].
pub(super) const REFUSED: &str = "refused ";

/// Returns the diagnostic of a receiver that does not listen, because other machines would reach it
/// unprotected.
pub(super) fn refused(protocol: Protocol, reason: &str, since: Timestamp) -> Diagnostic {
    Diagnostic {
        id: refused_id(protocol),
        severity: AlertSeverity::Warning,
        title: format!("{} is not listening: other machines would reach it unprotected", protocol.title),
        detail: format!("{reason}. Everything else runs."),
        since,
    }
}

/// Returns the identifier of that diagnostic.
pub(super) fn refused_id(protocol: Protocol) -> String {
    format!("{REFUSED}{}", protocol.name)
}

/// Identifier of [`over_budget`].
pub(super) const OVER_BUDGET: &str = "over_budget";

/// Returns the diagnostic of a memory budget that was exhausted, with the rejected requests of each
/// receiver.
pub(super) fn over_budget(rejected: &[(Protocol, u64)], since: Timestamp) -> Diagnostic {
    let counts: Vec<String> =
        rejected.iter().map(|(protocol, count)| format!("{} {count}", protocol.title)).collect();
    Diagnostic {
        id: OVER_BUDGET.to_owned(),
        severity: AlertSeverity::Warning,
        title: "The memory of the receivers was exhausted: requests were rejected".to_owned(),
        detail: format!(
            "Rejected since the start: {} (requests, of StatsD lines). Senders of requests were asked to retry. Send smaller \
             batches, or fewer at the same time, or raise limits.intake_bytes in the settings.",
            counts.join(", ")
        ),
        since,
    }
}
