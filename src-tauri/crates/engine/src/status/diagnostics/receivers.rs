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
