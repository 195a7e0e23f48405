//! The interface that each kind of health check implements.

use std::{future::Future, time::Duration};

use model::Timestamp;
use runtime::Clock;

use crate::{error::CheckError, failure::Failure, outcome::Measurements, secret_target::SecretTarget};

/// The circumstances of one attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProbeContext<'a> {
    /// The password of the check, never empty.
    pub(crate) secret: Option<&'a str>,
    /// The limit of the attempt as a whole. The caller enforces it.
    pub(crate) timeout: Duration,
    /// The clock of the measurements.
    pub(crate) clock: &'a Clock,
    /// The time at which the attempt began.
    pub(crate) now: Timestamp,
}

/// A kind of health check. The type that implements it holds the settings of one check.
///
/// `Default` gives the settings that the form of a new check begins with. Serde gives the saved
/// form: unknown fields are rejected, and a field that was added later has a default.
pub(crate) trait Kind: Default {
    /// The name of the kind for people.
    const LABEL: &'static str;

    /// Brings the settings into the form in which they are saved. Returns a secret found in them.
    fn normalise(&mut self) -> Option<String> {
        None
    }

    /// Validates the settings. The error names the field and the permitted values.
    fn validate(&self) -> Result<(), CheckError>;

    /// Returns the target for people: an address without user or password.
    fn target(&self) -> String;

    /// Returns whether the target is on this machine, so that it can be probed without a network.
    fn is_local(&self) -> bool;

    /// Returns the server and user that the secret of the check belongs to. None if checks of this
    /// kind have no secret, or if the settings name no server.
    fn secret_target(&self) -> Option<SecretTarget> {
        None
    }

    /// Makes one attempt and measures. Returns a short text on success, and the failure in plain
    /// words otherwise.
    fn probe(
        &self,
        context: ProbeContext<'_>,
        measurements: &mut Measurements,
    ) -> impl Future<Output = Result<String, Failure>> + Send;

    /// Returns the reasons why a good answer is degraded, from the measurements.
    fn warnings(&self, _measurements: &Measurements) -> Vec<String> {
        Vec::new()
    }
}
