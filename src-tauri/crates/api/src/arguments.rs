//! The arguments of commands that are not questions of `model` already, and the answers only the
//! fronts know.

use model::{
    AlertRule, ExportRequest, HealthCheck, KindLimits, ReportFormat, ReportRequest, SentryPresetRequest,
    Silence, TagMatcher, TimeRange, Timestamp, TraceId,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! arguments {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                $($(#[$field_doc])* pub $field: $kind,)*
            }
        )*
    };
}

arguments! {
    /// A command without arguments.
    Nothing {}

    /// A range of time.
    RangeArguments {
        /// From when to when.
        range: TimeRange,
    }

    /// Limits to try, one for each kind of data.
    RetentionArguments {
        /// The limits.
        limits: Vec<KindLimits>,
    }

    /// One part of the data.
    PartArguments {
        /// Its name, as `data_parts` tells it.
        name: String,
    }

    /// A list of what happened in a range, newest first.
    HistoryArguments {
        /// From when to when.
        range: TimeRange,
        /// At most this many.
        limit: u32,
    }

    /// One thing by its id.
    IdArguments {
        /// Its id.
        id: String,
    }

    /// One trace.
    TraceArguments {
        /// The trace.
        trace_id: TraceId,
        /// At most this many spans, earliest first.
        limit: u32,
    }

    /// Checks with their timelines.
    ChecksArguments {
        /// The range of the timelines.
        range: TimeRange,
        /// Cells per timeline.
        cells: u32,
    }

    /// A check to save or try.
    CheckArguments {
        /// The check; an empty id makes a new one.
        check: HealthCheck,
        /// Its password: none leaves the kept one, empty text removes it.
        secret: Option<String>,
    }

    /// Results of one check.
    CheckResultsArguments {
        /// The check.
        check_id: String,
        /// From when to when.
        range: TimeRange,
        /// At most this many, newest first.
        limit: u32,
    }

    /// Incidents of one check or all.
    IncidentsArguments {
        /// From when to when.
        range: TimeRange,
        /// The check; all if none.
        check_id: Option<String>,
        /// At most this many, newest first.
        limit: u32,
    }

    /// A rule to save.
    RuleArguments {
        /// The rule; an empty id makes a new one.
        rule: AlertRule,
    }

    /// A rule to try on the past.
    PreviewArguments {
        /// The rule as edited.
        rule: AlertRule,
        /// From when to when.
        range: TimeRange,
    }

    /// One firing of an alert.
    EvidenceArguments {
        /// The alert.
        fingerprint: String,
        /// When it fired; the latest firing if none.
        fired_at: Option<Timestamp>,
    }

    /// One alert.
    AlertArguments {
        /// The alert.
        fingerprint: String,
    }

    /// A silence to save.
    SilenceArguments {
        /// The silence; an empty id makes a new one.
        silence: Silence,
    }

    /// How long desktop notifications are held back.
    MuteArguments {
        /// Minutes from now; none ends it.
        minutes: Option<u32>,
    }

    /// A report in a form.
    ReportArguments {
        /// The report.
        request: ReportRequest,
        /// The form.
        format: ReportFormat,
    }

    /// Telemetry as a file.
    ExportArguments {
        /// What.
        request: ExportRequest,
    }

    /// The settings file as a whole.
    SettingsArguments {
        /// The new text.
        text: String,
    }

    /// One setting.
    SettingArguments {
        /// Its dotted name, such as `host.interval_seconds`.
        key: String,
        /// The new value.
        value: serde_json::Value,
    }

    /// A Prometheus target to scrape.
    ScrapeTargetArguments {
        /// Address of its metrics page.
        url: String,
        /// Name for people and for the label `job`.
        name: String,
    }

    /// A log file to follow.
    LogFileArguments {
        /// Its path; the file name may hold `*`.
        path: String,
        /// The service it belongs to.
        service: String,
    }

    /// A Sentry installation to try or to add.
    SentryArguments {
        /// Name for people; an installation of the same name is replaced.
        name: String,
        /// Its address.
        url: String,
        /// Its token: none leaves the kept one.
        token: Option<String>,
        /// Slugs of the organizations; every one the token may see if empty.
        organizations: Vec<String>,
        /// Slugs of the projects; every one the token may see if empty.
        projects: Vec<String>,
    }

    /// The checks of a self-hosted Sentry to add.
    SentryPresetArguments {
        /// Where it is.
        request: SentryPresetRequest,
        /// The ids of the checks; all if none.
        checks: Option<Vec<String>>,
    }

    /// Something by its name.
    NameArguments {
        /// Its name.
        name: String,
    }

    /// Whether collecting is paused.
    PauseArguments {
        /// Paused or not.
        paused: bool,
    }

    /// How the demonstration ends.
    StopDemonstrationArguments {
        /// Whether its data are removed too.
        remove: bool,
    }

    /// Which new log records to be told of.
    LogTailArguments {
        /// The search as typed; empty for all.
        query: String,
        /// The filters at the top of the console.
        matchers: Vec<TagMatcher>,
    }

    /// The settings file.
    SettingsDocument {
        /// Where it lies.
        path: String,
        /// Its text.
        text: String,
        /// The values in force, by section.
        values: serde_json::Value,
        /// What is wrong with the text; empty if nothing. The values are then those before.
        error: String,
    }

    /// What changed since the last message of the topic `changes`.
    Changes {
        /// Samples or histogram points came in.
        samples: bool,
        /// Log records came in.
        logs: bool,
        /// Spans came in.
        spans: bool,
        /// Checks or their results changed.
        checks: bool,
        /// Alerts changed.
        alerts: bool,
        /// Something was told.
        notifications: bool,
        /// Analysis noticed something.
        findings: bool,
        /// Rules changed.
        rules: bool,
        /// The observation ledger changed.
        gaps: bool,
        /// The text of the settings file, or what is in force of it, changed.
        settings: bool,
    }
}
