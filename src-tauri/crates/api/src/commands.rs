//! The list of commands. Each is declared once: the right it needs, its name, its arguments and its
//! reply. A command without a handler of the same name does not compile.
//!
//! `browser` is for commands that read telemetry or edit what Binnacle observes and alerts on. A
//! command that runs programs, reads files or moves secrets is `machine`, and `depends` if that is
//! decided by its arguments. Both need a function of the same name in `rights`.

use alerts::{AlertRule, RuleBacktest, RuleOverview};
use engine::Engine;
use model::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ts_rs::TS;

use crate::{
    arguments::*,
    error::ApiError,
    handlers,
    reply::Reply,
    rights::{self, Decision, Right},
    series_stream::encode_series,
};

/// The arguments and the reply of one command.
#[derive(TS)]
#[expect(dead_code, reason = "only its TypeScript is used")]
pub(crate) struct Signature<Arguments, Value> {
    arguments: Arguments,
    reply: Value,
}

fn read<T: DeserializeOwned>(name: &str, arguments: Value) -> Result<T, ApiError> {
    serde_json::from_value(arguments)
        .map_err(|error| ApiError::invalid(format!("arguments of {name}: {error}")))
}

fn write<T: serde::Serialize>(value: T) -> Result<Reply, ApiError> {
    serde_json::to_value(value).map(Reply::Json).map_err(|error| {
        ApiError::new(crate::ErrorCode::Internal, format!("cannot write the reply: {error}"))
    })
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!("no command is called {name:?}"))
}

macro_rules! reply {
    (json, $value:expr) => {
        write($value)
    };
    (series, $value:expr) => {
        encode_series(&$value).map(Reply::Series)
    };
    (file, $value:expr) => {
        Ok(Reply::File($value))
    };
}

macro_rules! right {
    (browser) => {
        Right::Browser
    };
    (machine) => {
        Right::Machine
    };
    (depends) => {
        Right::Depends
    };
}

macro_rules! decision {
    (browser, $name:ident($kind:ty), $engine:expr, $arguments:expr) => {
        Ok(Decision::default())
    };
    ($right:ident, $name:ident($kind:ty), $engine:expr, $arguments:expr) => {{
        let arguments: $kind = read(stringify!($name), $arguments.clone())?;
        rights::$name($engine, &arguments).await
    }};
}

macro_rules! commands {
    ($($right:ident $name:ident($arguments:ty) -> $kind:ident $reply:ty;)*) => {
        /// The names of all commands.
        pub const COMMANDS: &[&str] = &[$(stringify!($name)),*];

        /// The right that each command needs.
        pub const RIGHTS: &[(&str, Right)] = &[$((stringify!($name), right!($right))),*];

        /// Decides which effects of a call need the machine.
        pub(crate) async fn decide(engine: &Engine, name: &str, arguments: &Value) -> Result<Decision, ApiError> {
            match name {
                $(stringify!($name) => decision!($right, $name($arguments), engine, arguments),)*
                _ => Err(unknown(name)),
            }
        }

        /// Runs the command called `name`.
        pub(crate) async fn dispatch(engine: &Engine, name: &str, arguments: Value) -> Result<Reply, ApiError> {
            match name {
                $(stringify!($name) => {
                    let arguments: $arguments = read(name, arguments)?;
                    let value: $reply = handlers::$name(engine, arguments).await?;
                    reply!($kind, value)
                })*
                _ => Err(unknown(name)),
            }
        }

        /// The list in TypeScript.
        #[derive(TS)]
        #[expect(dead_code, reason = "only its TypeScript is used")]
        pub(crate) struct Commands {
            $($name: Signature<$arguments, $reply>,)*
        }
    };
}

commands! {
    browser status(Nothing) -> json EngineStatus;

    browser metric_catalog(MetricCatalogRequest) -> json Vec<MetricSummary>;
    browser metric_tags(TagsRequest) -> json Vec<TagSummary>;
    browser series(SeriesRequest) -> series SeriesResponse;
    browser samples(SamplesRequest) -> json Vec<SeriesPoints>;
    browser exemplars(ExemplarsRequest) -> json Vec<ExemplarPoint>;

    browser search_logs(LogsRequest) -> json LogPage;
    browser count_logs(LogCountRequest) -> json LogCounts;
    browser log_fields(RangeArguments) -> json Vec<TagSummary>;

    browser search_traces(TracesRequest) -> json TracePage;
    browser trace(TraceArguments) -> json Option<Trace>;

    browser service_names(Nothing) -> json Vec<String>;
    browser services(ServicesRequest) -> json Vec<ServiceSummary>;
    browser service(ServiceRequest) -> json Option<ServiceDetail>;

    browser checks(ChecksArguments) -> json Vec<CheckOverview>;
    depends save_check(CheckArguments) -> json HealthCheck;
    browser delete_check(IdArguments) -> json ();
    browser run_check(IdArguments) -> json CheckResult;
    depends try_check(CheckArguments) -> json CheckResult;
    browser check_results(CheckResultsArguments) -> json Vec<CheckResult>;
    browser incidents(IncidentsArguments) -> json Vec<Incident>;

    browser rules(Nothing) -> json Vec<RuleOverview>;
    browser save_rule(RuleArguments) -> json AlertRule;
    browser delete_rule(IdArguments) -> json ();
    browser backtest_rule(BacktestArguments) -> json RuleBacktest;
    browser alerts(Nothing) -> json Vec<Alert>;
    browser alert_history(HistoryArguments) -> json Vec<AlertTransition>;
    browser alert_evidence(EvidenceArguments) -> json Option<AlertEvidence>;
    browser acknowledge_alert(AcknowledgeArguments) -> json ();
    browser silences(Nothing) -> json Vec<Silence>;
    browser save_silence(SilenceArguments) -> json Silence;
    browser delete_silence(IdArguments) -> json ();
    browser notifications(HistoryArguments) -> json Vec<Notification>;
    browser test_notification(Nothing) -> json Notification;
    browser mute(MuteArguments) -> json ();

    browser analyse(AnalysisRequest) -> json AnalysisResponse;
    browser compare(CompareRequest) -> json CompareResponse;
    browser findings(HistoryArguments) -> json Vec<Finding>;
    browser gaps(RangeArguments) -> json Vec<Gap>;

    browser data(Nothing) -> json DataSummary;
    browser retention_preview(Nothing) -> json RetentionPreview;
    browser try_retention(RetentionArguments) -> json RetentionPreview;
    browser apply_retention(Nothing) -> json RetentionPreview;
    browser integrity_targets(Nothing) -> json Vec<IntegrityTarget>;
    browser verify_data(IntegrityArguments) -> json IntegrityResult;
    browser repair_data(IntegrityArguments) -> json IntegrityResult;
    machine drop_orphans(Nothing) -> json u64;
    browser seal_data(Nothing) -> json ();
    browser compact_data(Nothing) -> json ();
    browser checkpoint_data(Nothing) -> json ();

    browser report(ReportArguments) -> file crate::FileReply;
    browser export(ExportArguments) -> file crate::FileReply;

    machine import(ImportRequest) -> json ImportStatus;
    browser imports(Nothing) -> json Vec<ImportStatus>;
    browser begin_upload(UploadRequest) -> json Upload;
    browser append_upload(UploadPart) -> json Upload;
    browser cancel_upload(IdArguments) -> json ();
    browser import_upload(UploadImportRequest) -> json ImportStatus;
    browser stop_import(IdArguments) -> json ();

    browser settings(Nothing) -> json SettingsDocument;
    depends save_settings(SettingsArguments) -> json SettingsDocument;
    depends set_setting(SettingArguments) -> json SettingsDocument;
    depends add_scrape_target(ScrapeTargetArguments) -> json SettingsDocument;
    machine add_log_file(LogFileArguments) -> json SettingsDocument;
    depends sentry_access(SentryArguments) -> json SentryAccess;
    depends sentry_connect(SentryArguments) -> json SentryAccess;
    browser sentry_remove(NameArguments) -> json ();
    browser sentry_preset(SentryPresetRequest) -> json SentryPreset;
    depends sentry_preset_add(SentryPresetArguments) -> json SentryPreset;
    browser sentry_preset_remove(NameArguments) -> json u32;

    machine confirmations(Nothing) -> json Vec<Confirmation>;
    machine confirm(IdArguments) -> json ();
    machine refuse(IdArguments) -> json ();

    browser pause(PauseArguments) -> json ();
    browser start_demonstration(Nothing) -> json ();
    browser stop_demonstration(StopDemonstrationArguments) -> json RecordCounts;
}
