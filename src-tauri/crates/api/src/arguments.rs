//! The arguments and replies of commands that `model` does not define.

use alerts::AlertRule;
use model::{
    ExportRequest, HealthCheck, ReportFormat, ReportRequest, RetentionLimits, SentryPresetRequest, Silence,
    TagMatcher, TimeRange, Timestamp, TraceId,
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

    /// A time range.
    RangeArguments {
        /// The range.
        #[serde(deserialize_with = "model::requested_range")]
        range: TimeRange,
    }

    /// Retention limits to preview, one per kind of data.
    RetentionArguments {
        /// The limits.
        limits: Vec<RetentionLimits>,
    }

    /// A file or table of the stored data.
    IntegrityArguments {
        /// Its name, as in `integrity_targets`.
        name: String,
    }

    /// Events of a range, newest first.
    HistoryArguments {
        /// The range.
        #[serde(deserialize_with = "model::requested_range")]
        range: TimeRange,
        /// Maximum number of items.
        limit: u32,
    }

    /// One item by its id.
    IdArguments {
        /// Its id.
        id: String,
    }

    /// One trace.
    TraceArguments {
        /// The trace.
        trace_id: TraceId,
        /// Maximum number of spans, earliest first.
        limit: u32,
    }

    /// Checks with their timelines.
    ChecksArguments {
        /// The range of the timelines.
        #[serde(deserialize_with = "model::requested_range")]
        range: TimeRange,
        /// Buckets per timeline.
        #[serde(deserialize_with = "model::requested_buckets")]
        buckets: u32,
    }

    /// A check to save or to test.
    CheckArguments {
        /// The check. An empty id creates a new one.
        check: HealthCheck,
        /// Its password. None retains the stored one, empty text removes it.
        secret: Option<String>,
        /// Has it notify when it becomes unhealthy, or not. None changes nothing.
        notify: Option<bool>,
    }

    /// Results of one check.
    CheckResultsArguments {
        /// The check.
        check_id: String,
        /// The range.
        #[serde(deserialize_with = "model::requested_range")]
        range: TimeRange,
        /// Maximum number of items, newest first.
        limit: u32,
    }

    /// Incidents of one check or all.
    IncidentsArguments {
        /// The range.
        #[serde(deserialize_with = "model::requested_range")]
        range: TimeRange,
        /// The check. None stands for all.
        check_id: Option<String>,
        /// Maximum number of items, newest first.
        limit: u32,
    }

    /// A rule to save.
    RuleArguments {
        /// The rule. An empty id creates a new one.
        rule: AlertRule,
    }

    /// A rule to backtest.
    BacktestArguments {
        /// The edited rule.
        rule: AlertRule,
        /// The range.
        #[serde(deserialize_with = "model::requested_range")]
        range: TimeRange,
    }

    /// One firing of an alert.
    EvidenceArguments {
        /// The alert.
        fingerprint: String,
        /// Time it fired. None stands for the latest firing.
        fired_at: Option<Timestamp>,
    }

    /// One alert, acknowledged or not.
    AcknowledgeArguments {
        /// The alert.
        fingerprint: String,
        /// False takes an acknowledgement back.
        acknowledged: bool,
    }

    /// A silence to save.
    SilenceArguments {
        /// The silence. An empty id creates a new one.
        silence: Silence,
    }

    /// The length of a mute of desktop notifications.
    MuteArguments {
        /// Minutes from now. None ends the mute.
        #[serde(deserialize_with = "model::requested_minutes", default)]
        minutes: Option<u32>,
    }

    /// A report in a file format.
    ReportArguments {
        /// The report.
        request: ReportRequest,
        /// The file format.
        format: ReportFormat,
    }

    /// Telemetry as a file.
    ExportArguments {
        /// The data to export.
        request: ExportRequest,
    }

    /// The whole settings file.
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
        /// Address of its metrics endpoint.
        url: String,
        /// Display name and value of the label `job`.
        name: String,
    }

    /// A log file to follow.
    LogFileArguments {
        /// Its path. The file name may be a glob.
        path: String,
        /// The service its records belong to.
        service: String,
    }

    /// A Sentry installation to test or to add.
    SentryArguments {
        /// Display name. An installation of the same name is replaced.
        name: String,
        /// Its address.
        url: String,
        /// Its token. None retains the stored one.
        token: Option<String>,
        /// Slugs of the organizations. Empty stands for all the token has access to.
        organizations: Vec<String>,
        /// Slugs of the projects. Empty stands for all the token has access to.
        projects: Vec<String>,
    }

    /// The checks of a self-hosted Sentry to add.
    SentryPresetArguments {
        /// Its address.
        request: SentryPresetRequest,
        /// The ids of the checks. None stands for all.
        checks: Option<Vec<String>>,
    }

    /// One item by its name.
    NameArguments {
        /// Its name.
        name: String,
    }

    /// Pauses or resumes collection.
    PauseArguments {
        /// True pauses, false resumes.
        paused: bool,
    }

    /// The end of the demonstration.
    StopDemonstrationArguments {
        /// True removes its data too.
        remove: bool,
    }

    /// The log records of a tail.
    LogTailArguments {
        /// The search expression. Empty matches all.
        query: String,
        /// The filters at the top of the console.
        matchers: Vec<TagMatcher>,
    }

    /// The settings file.
    SettingsDocument {
        /// Its path.
        path: String,
        /// Its text.
        text: String,
        /// The values in force, by section.
        values: serde_json::Value,
        /// The error in the text, empty if none. With an error, `values` are the previous ones.
        error: String,
    }

    /// The kinds of data that changed since the last message of the topic `changes`.
    Changes {
        /// Samples or histogram points were committed.
        samples: bool,
        /// Log records were committed.
        logs: bool,
        /// Spans were committed.
        spans: bool,
        /// Checks or their results changed.
        checks: bool,
        /// Alerts changed.
        alerts: bool,
        /// Notifications were sent.
        notifications: bool,
        /// Analysis stored findings.
        findings: bool,
        /// Rules changed.
        rules: bool,
        /// The observation ledger changed.
        gaps: bool,
        /// The text of the settings file changed, or the settings in force.
        settings: bool,
    }
}
