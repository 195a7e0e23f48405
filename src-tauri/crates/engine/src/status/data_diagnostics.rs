//! Diagnostics of the data folder: what it lost, that it is gone, and that its settings are
//! invalid.

use config::SettingsError;
use model::{AlertSeverity, Diagnostic, NANOS_PER_SECOND, Timestamp};
use runtime::ClockJump;
use store::{DataNotice, StoreError};

use super::diagnostics::Diagnostics;

/// Id of the diagnostic for a data folder that is gone.
const GONE: &str = "data folder";
/// Id of the diagnostic for an invalid settings file.
const SETTINGS: &str = "settings";
/// Id of the diagnostic for a clock that jumped.
const CLOCK: &str = "clock";
/// Time for which a jump of the clock is reported, in nanoseconds.
const JUMP_SHOWN: i64 = 6 * 3600 * NANOS_PER_SECOND;

impl Diagnostics {
    /// Returns the diagnostics of the data folder, worst first.
    pub(super) fn of_folder(
        &self,
        gone: Option<&StoreError>,
        notices: &[DataNotice],
        now: Timestamp,
    ) -> Vec<Diagnostic> {
        let since = self.since(GONE, gone.is_some(), now);
        let gone = gone.map(|error| Diagnostic {
            id: GONE.to_owned(),
            severity: AlertSeverity::Critical,
            title: "The data folder is gone: telemetry is rejected".to_owned(),
            detail: format!(
                "{error}. Senders are asked to retry. Receiving resumes once the folder is back."
            ),
            since,
        });
        gone.into_iter().chain(notices.iter().map(lost)).collect()
    }

    /// Returns the diagnostic of a clock that jumped in the last hours.
    pub(super) fn of_clock(jumps: &[ClockJump], now: Timestamp) -> Option<Diagnostic> {
        let recent = |jump: &&ClockJump| jump.ended.is_none_or(|ended| now.since(ended) < JUMP_SHOWN);
        let jump = jumps.iter().rev().find(recent)?;
        let seconds = jump.offset.saturating_abs() / NANOS_PER_SECOND;
        let side = if jump.offset > 0 { "ahead" } else { "behind" };
        let outcome = match (jump.ended, jump.is_followed) {
            (None, _) => "Binnacle goes on with the time before until the new one has lasted for a minute.",
            (Some(_), false) => "It was set right again, and Binnacle did not follow it.",
            (Some(_), true) => "It stayed so, and Binnacle follows it.",
        };
        Some(Diagnostic {
            id: CLOCK.to_owned(),
            severity: AlertSeverity::Warning,
            title: "The clock of this machine jumped".to_owned(),
            detail: format!("It was {seconds} s {side}. {outcome} Check the time synchronisation."),
            since: jump.began,
        })
    }

    /// Returns the diagnostic of an invalid settings file.
    pub(super) fn of_settings(&self, error: Option<&SettingsError>, now: Timestamp) -> Option<Diagnostic> {
        let since = self.since(SETTINGS, error.is_some(), now);
        error.map(|error| Diagnostic {
            id: SETTINGS.to_owned(),
            severity: AlertSeverity::Warning,
            title: "The settings file is invalid".to_owned(),
            detail: format!("{error}. The last valid settings stay in force until the file is corrected."),
            since,
        })
    }
}

fn lost(notice: &DataNotice) -> Diagnostic {
    Diagnostic {
        id: format!("lost {}", notice.title),
        severity: AlertSeverity::Critical,
        title: notice.title.clone(),
        detail: format!("{} `binnacle-cli data repair` reports this and clears it.", notice.detail),
        since: notice.found,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_folder_that_is_gone_is_reported_until_it_is_back() {
        let diagnostics = Diagnostics::default();
        let error = StoreError::Gone {
            path: "/data/binnacle.duckdb".into(),
            reason: "no such file".to_owned(),
            retry_after: Duration::from_secs(5),
        };
        let reported = diagnostics.of_folder(Some(&error), &[], Timestamp(5));
        assert!(reported[0].detail.contains("/data/binnacle.duckdb"), "{reported:?}");
        assert_eq!(diagnostics.of_folder(Some(&error), &[], Timestamp(9))[0].since, Timestamp(5));
        assert_eq!(diagnostics.of_folder(None, &[], Timestamp(10)), []);
        assert_eq!(diagnostics.of_folder(Some(&error), &[], Timestamp(11))[0].since, Timestamp(11));
    }

    #[test]
    fn lost_data_are_reported_with_their_time() {
        let notice = DataNotice {
            found: Timestamp(7),
            title: "The database was missing".to_owned(),
            detail: "All is lost.".to_owned(),
        };
        let reported = Diagnostics::default().of_folder(None, &[notice], Timestamp(9));
        assert_eq!(
            (reported[0].title.as_str(), reported[0].since, reported[0].severity),
            ("The database was missing", Timestamp(7), AlertSeverity::Critical)
        );
    }
}
