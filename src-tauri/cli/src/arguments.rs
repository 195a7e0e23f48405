//! The command-line arguments of `binnacle-cli`.

mod names;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use web::ServeOptions;

use self::names::{AggregationName, ExportFormatName, ReportFormatName, SignalName};
use crate::duration_argument::DurationArgument;

/// Binnacle without a window: run the engine, or query one.
///
/// Queries go to the engine that runs on the data folder. If none runs, the folder is read
/// directly.
#[derive(Debug, Parser)]
#[command(name = "binnacle-cli", version)]
pub(crate) struct Arguments {
    /// Data folder [default: BINNACLE_DATA_DIR, or this user's folder for application data].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the engine and serves the console on localhost.
    Serve(ServeOptions),
    /// Opens the console of the running engine in the browser, with a link that works once.
    Open(OpenArgs),
    /// Shows the status of the engine.
    Status,
    /// Lists the changes that a browser requested, or allows or refuses one.
    Confirm(ConfirmArgs),
    /// Shows the values of a metric over time.
    Query(MetricArgs),
    /// Searches log records.
    Logs(LogArgs),
    /// Searches traces.
    Traces(TraceArgs),
    /// Shows a trace, or one span of it, with all that is stored of it.
    Trace(OneTraceArgs),
    /// Lists or runs health checks.
    #[command(subcommand)]
    Check(CheckCommand),
    /// Lists, exports or imports alert rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Adds, tests or removes a Sentry installation, or the checks of a self-hosted one.
    #[command(subcommand)]
    Sentry(SentryCommand),
    /// Writes a performance report.
    Report(ReportOptions),
    /// Writes telemetry of a time range to a file.
    Export(ExportOptions),
    /// Imports historical samples: Prometheus text or OpenMetrics with timestamps, CSV, Parquet.
    Import(ImportOptions),
    /// Shows, verifies, compacts or repairs the stored data.
    #[command(subcommand)]
    Data(DataCommand),
    /// Sends the telemetry of a demonstration shop to an OTLP/gRPC address.
    Demo(DemoOptions),
    /// Writes shell completions and man pages to a folder.
    #[command(hide = true)]
    Generate(GenerateArgs),
}

/// The arguments of `confirm`.
#[derive(Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// Id of the change. Without it, lists the changes.
    pub(crate) id: Option<String>,
    /// Allow the change without a prompt.
    #[arg(long, requires = "id", conflicts_with = "refuse")]
    pub(crate) yes: bool,
    /// Refuse the change.
    #[arg(long, requires = "id")]
    pub(crate) refuse: bool,
}

/// The arguments of `open`.
#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Only print the link. It works once and for 60 s.
    #[arg(long)]
    pub(crate) print: bool,
}

/// The arguments of `query`.
#[derive(Debug, Args)]
pub(crate) struct MetricArgs {
    /// Name of the metric.
    pub(crate) metric: String,
    /// Only series with this tag: KEY=VALUE, KEY!=VALUE, KEY=~REGEX or KEY!~REGEX; repeatable.
    #[arg(long = "where", value_name = "TAG")]
    pub(crate) matchers: Vec<String>,
    /// Aggregation of samples to values.
    #[arg(long, value_enum, default_value = "average")]
    pub(crate) aggregation: AggregationName,
    /// Tag to group by; repeatable.
    #[arg(long = "by", value_name = "KEY")]
    pub(crate) group_by: Vec<String>,
    /// Length of the time range up to now.
    #[arg(long, default_value = "1h", value_name = "DURATION")]
    pub(crate) last: DurationArgument,
    /// Maximum number of steps.
    #[arg(long, default_value_t = 60)]
    pub(crate) points: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `logs`.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Search expression, as in the console. Empty matches all records.
    #[arg(default_value = "")]
    pub(crate) search: String,
    /// Length of the time range up to now.
    #[arg(long, default_value = "1h", value_name = "DURATION")]
    pub(crate) last: DurationArgument,
    /// Maximum number of records, the newest.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u32,
    /// Print new records as they are received.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Print JSON, one record per line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `traces`.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    /// Search expression, as in the console. Empty matches all traces.
    #[arg(default_value = "")]
    pub(crate) search: String,
    /// Length of the time range up to now.
    #[arg(long, default_value = "1h", value_name = "DURATION")]
    pub(crate) last: DurationArgument,
    /// Maximum number of traces.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
    /// Sort by duration, slowest first, instead of newest first.
    #[arg(long)]
    pub(crate) slowest: bool,
    /// Only traces with a failed span.
    #[arg(long)]
    pub(crate) errors: bool,
    /// Print JSON, one trace per line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The arguments of `trace`.
#[derive(Debug, Args)]
pub(crate) struct OneTraceArgs {
    /// Id of the trace, as `traces` lists it.
    pub(crate) trace: String,
    /// Id of the span. Without it, all spans are shown.
    #[arg(long, value_name = "ID")]
    pub(crate) span: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The commands of `check`.
#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Lists all checks with their state.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Runs a check now. Exit code 0 healthy, 1 degraded, 2 unhealthy, 3 unknown.
    Run {
        /// Name or id of the check.
        name: String,
    },
}

/// The commands of `rules`.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Lists all rules with their state.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints all rules as JSON, for backup or for import elsewhere.
    Export,
    /// Saves rules from a JSON file of `export`. A rule of the same name is replaced.
    Import {
        /// The file, `-` for standard input.
        file: PathBuf,
    },
}

/// The commands of `sentry`.
#[derive(Debug, Subcommand)]
pub(crate) enum SentryCommand {
    /// Tests a token and adds the installation if the token gives access to data.
    #[command(after_help = TOKEN_HELP)]
    Connect(SentryInstallation),
    /// Tests a token and prints the data it gives access to. Stores nothing.
    #[command(after_help = TOKEN_HELP)]
    Access(SentryInstallation),
    /// Removes an installation and its token.
    Remove {
        /// Name of the installation.
        name: String,
    },
    /// Shows, adds or removes the checks of a self-hosted Sentry, with its StatsD settings.
    Preset(SentryPresetOptions),
}

/// A token is never an argument: every user of the machine can read those, and shells store them.
const TOKEN_HELP: &str =
    "The token is read from standard input, or from the environment variable SENTRY_AUTH_TOKEN.";

/// The installation that a token is tested on.
#[derive(Debug, Args)]
pub(crate) struct SentryInstallation {
    /// Its address.
    #[arg(default_value = "https://sentry.io")]
    pub(crate) url: String,
    /// Display name.
    #[arg(long, default_value = "sentry")]
    pub(crate) name: String,
    /// Slug of an organization; repeatable [default: all the token has access to].
    #[arg(long = "organization", value_name = "SLUG")]
    pub(crate) organizations: Vec<String>,
    /// Slug of a project; repeatable [default: all the token has access to].
    #[arg(long = "project", value_name = "SLUG")]
    pub(crate) projects: Vec<String>,
}

/// The options of `sentry preset`.
#[derive(Debug, Args)]
pub(crate) struct SentryPresetOptions {
    /// Address of its web page.
    #[arg(default_value = "http://127.0.0.1:9000")]
    pub(crate) url: String,
    /// Name of the installation.
    #[arg(long, default_value = "sentry")]
    pub(crate) name: String,
    /// Host of its other services.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Address that its containers send StatsD to.
    #[arg(long, default_value = "172.17.0.1:8125", value_name = "ADDR")]
    pub(crate) statsd: String,
    /// Add the checks that do not exist yet.
    #[arg(long, conflicts_with = "remove")]
    pub(crate) add: bool,
    /// Remove all of its checks.
    #[arg(long)]
    pub(crate) remove: bool,
}

/// The commands of `data`.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Shows stored data per service, its location and growth, and the data that expire next.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Verifies every table and segment against its checksums. Exit code 1 if one is damaged.
    Verify,
    /// Seals and compacts segments, applies retention and compacts the database.
    Compact,
    /// Restores damaged segments, or saves what reads of them and moves the rest into the folder
    /// `quarantine`. Deletes orphaned files. If no engine runs, it also repairs the database and
    /// its log: every row that reads is saved, and what is lost is listed.
    Repair,
}

/// The options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// Length of the time range up to now.
    #[arg(long, default_value = "24h", value_name = "DURATION")]
    pub(crate) last: DurationArgument,
    /// Service in the report; repeatable [default: all].
    #[arg(long = "service", value_name = "NAME")]
    pub(crate) services: Vec<String>,
    /// Title.
    #[arg(long, default_value = "Performance report")]
    pub(crate) title: String,
    /// File format of the report.
    #[arg(long, value_enum, default_value = "html")]
    pub(crate) format: ReportFormatName,
    /// File to write, `-` for standard output [default: the suggested name in this folder].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The options of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// The signal to export.
    #[arg(value_enum)]
    pub(crate) signal: SignalName,
    /// Length of the time range up to now.
    #[arg(long, default_value = "24h", value_name = "DURATION")]
    pub(crate) last: DurationArgument,
    /// File format.
    #[arg(long, value_enum, default_value = "parquet")]
    pub(crate) format: ExportFormatName,
    /// File to write, `-` for standard output [default: the suggested name in this folder].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The options of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// The files. Importing one twice adds nothing.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Service of samples without one [default: imported].
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// Only read the files and print what an import would add.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON, one file per line.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Address that receives OTLP over gRPC.
    #[arg(long, value_name = "ADDR", default_value = "http://127.0.0.1:4317")]
    pub(crate) to: String,
    /// Length of the history to generate first.
    #[arg(long, value_name = "DURATION", default_value = "2h")]
    pub(crate) history: DurationArgument,
    /// Stop once the history is sent.
    #[arg(long)]
    pub(crate) once: bool,
    /// Seed of the random numbers. Equal seeds give equal shops.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// The arguments of `generate`.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// Folder to write to.
    pub(crate) folder: PathBuf,
}
