//! What can be typed behind `binnacle-cli`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use model::{Aggregation, ExportFormat, ExportSignal, ReportFormat};
use web::ServeOptions;

use crate::span_of_time::SpanOfTime;

/// Binnacle without a window: run the engine, or ask one.
///
/// Questions go to the engine that runs on the data folder; if none does, the folder is read directly.
#[derive(Debug, Parser)]
#[command(name = "binnacle-cli", version)]
pub(crate) struct Arguments {
    /// Data folder [default: BINNACLE_DATA_DIR, or this user's folder for application data].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the engine and serves the console on localhost.
    Serve(ServeOptions),
    /// Shows how the engine is.
    Status,
    /// Shows the values of a metric over time.
    Query(MetricQuestion),
    /// Searches log records.
    Logs(LogQuestion),
    /// Searches traces.
    Traces(TraceQuestion),
    /// Lists or runs health checks.
    #[command(subcommand)]
    Check(CheckCommand),
    /// Lists, exports or imports alert rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Adds, tries or removes a Sentry installation, or the checks of a self-hosted one.
    #[command(subcommand)]
    Sentry(SentryCommand),
    /// Writes a performance report.
    Report(ReportOptions),
    /// Writes telemetry of a range to a file.
    Export(ExportOptions),
    /// Brings files of samples in: Prometheus text or OpenMetrics with times, CSV, Parquet.
    Import(ImportOptions),
    /// Shows what is kept, verifies, compacts or repairs it.
    #[command(subcommand)]
    Data(DataCommand),
    /// Sends the telemetry of a demonstration shop to an OTLP/gRPC address.
    Demo(DemoOptions),
}

#[derive(Debug, Args)]
pub(crate) struct MetricQuestion {
    /// Name of the metric.
    pub(crate) metric: String,
    /// Only series with this tag: KEY=VALUE, KEY!=VALUE, KEY=~REGEX or KEY!~REGEX; repeatable.
    #[arg(long = "where", value_name = "TAG")]
    pub(crate) matchers: Vec<String>,
    /// How samples become values.
    #[arg(long, value_enum, default_value = "average")]
    pub(crate) aggregation: AggregationName,
    /// Tag to keep apart; repeatable.
    #[arg(long = "by", value_name = "KEY")]
    pub(crate) group_by: Vec<String>,
    /// How far back to look.
    #[arg(long, default_value = "1h", value_name = "SPAN")]
    pub(crate) last: SpanOfTime,
    /// At most this many steps.
    #[arg(long, default_value_t = 60)]
    pub(crate) points: u32,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogQuestion {
    /// The search, as in the console; all records if empty.
    #[arg(default_value = "")]
    pub(crate) search: String,
    /// How far back to look.
    #[arg(long, default_value = "1h", value_name = "SPAN")]
    pub(crate) last: SpanOfTime,
    /// At most this many, the newest.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u32,
    /// Go on printing what comes in.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Print JSON, one record a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TraceQuestion {
    /// The search, as in the console; all traces if empty.
    #[arg(default_value = "")]
    pub(crate) search: String,
    /// How far back to look.
    #[arg(long, default_value = "1h", value_name = "SPAN")]
    pub(crate) last: SpanOfTime,
    /// At most this many.
    #[arg(long, default_value_t = 50)]
    pub(crate) limit: u32,
    /// The slowest first instead of the newest.
    #[arg(long)]
    pub(crate) slowest: bool,
    /// Only with a failed span.
    #[arg(long)]
    pub(crate) errors: bool,
    /// Print JSON, one trace a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CheckCommand {
    /// Lists all checks and how they are.
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

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Lists all rules and how they stand.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Prints all rules as JSON, to keep or to import elsewhere.
    Export,
    /// Saves rules from a JSON file made by `export`; a rule of the same name is replaced.
    Import {
        /// The file; `-` for standard input.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SentryCommand {
    /// Tries a token and keeps the installation if anything can be collected with it.
    #[command(after_help = TOKEN_HELP)]
    Connect(SentryInstallation),
    /// Tries a token and says what it may see; keeps nothing.
    #[command(after_help = TOKEN_HELP)]
    Access(SentryInstallation),
    /// Stops asking an installation and forgets its token.
    Remove {
        /// Name of the installation.
        name: String,
    },
    /// Shows the checks and StatsD settings of a self-hosted Sentry; adds or removes the checks.
    Preset(SentryPresetOptions),
}

/// Never an argument: those are seen by every user of the machine and kept by shells.
const TOKEN_HELP: &str =
    "The token is read from standard input, or from the environment variable SENTRY_AUTH_TOKEN.";

/// The installation that a token is tried on.
#[derive(Debug, Args)]
pub(crate) struct SentryInstallation {
    /// Its address.
    #[arg(default_value = "https://sentry.io")]
    pub(crate) url: String,
    /// Name for people.
    #[arg(long, default_value = "sentry")]
    pub(crate) name: String,
    /// Slug of an organization; repeatable; every one the token may see if none.
    #[arg(long = "organization", value_name = "SLUG")]
    pub(crate) organizations: Vec<String>,
    /// Slug of a project; repeatable; every one the token may see if none.
    #[arg(long = "project", value_name = "SLUG")]
    pub(crate) projects: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SentryPresetOptions {
    /// Address of its web page.
    #[arg(default_value = "http://127.0.0.1:9000")]
    pub(crate) url: String,
    /// Name of the installation.
    #[arg(long, default_value = "sentry")]
    pub(crate) name: String,
    /// Host under which its other parts can be reached.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// Address that its containers send StatsD to.
    #[arg(long, default_value = "172.17.0.1:8125", value_name = "ADDR")]
    pub(crate) statsd: String,
    /// Add the checks that are not there yet.
    #[arg(long, conflicts_with = "remove")]
    pub(crate) add: bool,
    /// Remove all of its checks.
    #[arg(long)]
    pub(crate) remove: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Shows what is kept of each service, where it lies, how fast it grows and what goes next.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Reads everything and holds it against its checksums. Exit code 1 if something is damaged.
    Verify,
    /// Seals and merges what was written so far, takes what is beyond the limits and packs the database.
    Compact,
    /// Moves damaged partitions into the folder `quarantine` and deletes files that nothing names. A damaged database goes
    /// there too if no engine runs, and a new one is made from the sealed metrics.
    Repair,
}

#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// How far back the report goes.
    #[arg(long, default_value = "24h", value_name = "SPAN")]
    pub(crate) last: SpanOfTime,
    /// Service in the report; repeatable; every service if none.
    #[arg(long = "service", value_name = "NAME")]
    pub(crate) services: Vec<String>,
    /// Title.
    #[arg(long, default_value = "Performance report")]
    pub(crate) title: String,
    /// Form of the report.
    #[arg(long, value_enum, default_value = "html")]
    pub(crate) format: ReportFormatName,
    /// File to write; `-` for standard output [default: the suggested name in this folder].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// What to export.
    #[arg(value_enum)]
    pub(crate) signal: SignalName,
    /// How far back the export goes.
    #[arg(long, default_value = "24h", value_name = "SPAN")]
    pub(crate) last: SpanOfTime,
    /// Form of the file.
    #[arg(long, value_enum, default_value = "parquet")]
    pub(crate) format: ExportFormatName,
    /// File to write; `-` for standard output [default: the suggested name in this folder].
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// The files. Importing one again doubles nothing.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Service of samples that name none [default: imported].
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// Only read the files and tell what would be imported.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON, one file a line.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Address that receives OTLP over gRPC.
    #[arg(long, value_name = "ADDR", default_value = "http://127.0.0.1:4317")]
    pub(crate) to: String,
    /// How much of the past to make up first.
    #[arg(long, value_name = "SPAN", default_value = "2h")]
    pub(crate) history: SpanOfTime,
    /// Stop once the past is sent.
    #[arg(long)]
    pub(crate) once: bool,
    /// The same seed makes the same shop.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident => $target:ident { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, ValueEnum)]
        pub(crate) enum $name { $($variant),* }

        impl From<$name> for $target {
            fn from(name: $name) -> Self {
                match name { $($name::$variant => Self::$variant),* }
            }
        }
    };
}

names!(
    /// How an aggregation is typed.
    AggregationName => Aggregation {
        Average, Sum, Minimum, Maximum, Last, Count, Rate, Increase, P50, P90, P95, P99,
    }
);
names!(
    /// How the form of a report is typed.
    ReportFormatName => ReportFormat { Html, Csv, Parquet }
);
names!(
    /// How a signal is typed.
    SignalName => ExportSignal { Metrics, Logs, Spans }
);
names!(
    /// How the form of an export is typed.
    ExportFormatName => ExportFormat { Csv, Parquet }
);
