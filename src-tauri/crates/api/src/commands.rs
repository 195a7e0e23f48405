//! The list of commands. Each is declared once: its name, its arguments and its reply. A command
//! without a handler of the same name does not compile.

use alerts::{AlertRule, RuleBacktest, RuleOverview};
use engine::Engine;
use model::*;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ts_rs::TS;

use crate::{arguments::*, error::ApiError, handlers, reply::Reply, series_stream::encode_series};

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

macro_rules! commands {
    ($($name:ident($arguments:ty) -> $kind:ident $reply:ty;)*) => {
        /// The names of all commands.
        pub const COMMANDS: &[&str] = &[$(stringify!($name)),*];

        /// Runs the command called `name`.
        pub(crate) async fn dispatch(engine: &Engine, name: &str, arguments: Value) -> Result<Reply, ApiError> {
            match name {
                $(stringify!($name) => {
                    let arguments: $arguments = read(name, arguments)?;
                    let value: $reply = handlers::$name(engine, arguments).await?;
                    reply!($kind, value)
                })*
                _ => Err(ApiError::not_found(format!("no command is called {name:?}"))),
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
    status(Nothing) -> json EngineStatus;

    metric_catalog(MetricCatalogRequest) -> json Vec<MetricSummary>;
    metric_tags(TagsRequest) -> json Vec<TagSummary>;
    series(SeriesRequest) -> series SeriesResponse;
    samples(SamplesRequest) -> json Vec<SeriesPoints>;
    exemplars(ExemplarsRequest) -> json Vec<ExemplarPoint>;

    search_logs(LogsRequest) -> json LogPage;
    count_logs(LogCountRequest) -> json LogCounts;
    log_fields(RangeArguments) -> json Vec<TagSummary>;

    search_traces(TracesRequest) -> json TracePage;
    trace(TraceArguments) -> json Option<Trace>;

    service_names(Nothing) -> json Vec<String>;
    services(ServicesRequest) -> json Vec<ServiceSummary>;
    service(ServiceRequest) -> json Option<ServiceDetail>;

    checks(ChecksArguments) -> json Vec<CheckOverview>;
    save_check(CheckArguments) -> json HealthCheck;
    delete_check(IdArguments) -> json ();
    run_check(IdArguments) -> json CheckResult;
    try_check(CheckArguments) -> json CheckResult;
    check_results(CheckResultsArguments) -> json Vec<CheckResult>;
    incidents(IncidentsArguments) -> json Vec<Incident>;

    rules(Nothing) -> json Vec<RuleOverview>;
    save_rule(RuleArguments) -> json AlertRule;
    delete_rule(IdArguments) -> json ();
    backtest_rule(BacktestArguments) -> json RuleBacktest;
    alerts(Nothing) -> json Vec<Alert>;
    alert_history(HistoryArguments) -> json Vec<AlertTransition>;
    alert_evidence(EvidenceArguments) -> json Option<AlertEvidence>;
    acknowledge_alert(AlertArguments) -> json ();
    silences(Nothing) -> json Vec<Silence>;
    save_silence(SilenceArguments) -> json Silence;
    delete_silence(IdArguments) -> json ();
    notifications(HistoryArguments) -> json Vec<Notification>;
    test_notification(Nothing) -> json Notification;
    mute(MuteArguments) -> json ();

    analyse(AnalysisRequest) -> json AnalysisResponse;
    compare(CompareRequest) -> json CompareResponse;
    findings(HistoryArguments) -> json Vec<Finding>;
    gaps(RangeArguments) -> json Vec<Gap>;

    data(Nothing) -> json DataSummary;
    retention_preview(Nothing) -> json RetentionPreview;
    try_retention(RetentionArguments) -> json RetentionPreview;
    apply_retention(Nothing) -> json RetentionPreview;
    integrity_targets(Nothing) -> json Vec<IntegrityTarget>;
    verify_data(IntegrityArguments) -> json IntegrityResult;
    repair_data(IntegrityArguments) -> json IntegrityResult;
    drop_orphans(Nothing) -> json u64;
    seal_data(Nothing) -> json ();
    compact_data(Nothing) -> json ();
    checkpoint_data(Nothing) -> json ();

    report(ReportArguments) -> file crate::FileReply;
    export(ExportArguments) -> file crate::FileReply;

    import(ImportRequest) -> json ImportStatus;
    imports(Nothing) -> json Vec<ImportStatus>;
    stop_import(IdArguments) -> json ();

    settings(Nothing) -> json SettingsDocument;
    save_settings(SettingsArguments) -> json SettingsDocument;
    set_setting(SettingArguments) -> json SettingsDocument;
    add_scrape_target(ScrapeTargetArguments) -> json SettingsDocument;
    add_log_file(LogFileArguments) -> json SettingsDocument;
    sentry_access(SentryArguments) -> json SentryAccess;
    sentry_connect(SentryArguments) -> json SentryAccess;
    sentry_remove(NameArguments) -> json ();
    sentry_preset(SentryPresetRequest) -> json SentryPreset;
    sentry_preset_add(SentryPresetArguments) -> json SentryPreset;
    sentry_preset_remove(NameArguments) -> json u32;
    pause(PauseArguments) -> json ();
    start_demonstration(Nothing) -> json ();
    stop_demonstration(StopDemonstrationArguments) -> json RecordCounts;
}
