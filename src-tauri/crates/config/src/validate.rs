//! Validation of settings whose types are right.

use std::{collections::BTreeSet, net::SocketAddr, path::Path};

use regex::Regex;

use crate::{
    LogFile, Retention, Settings, WatchedProcess,
    problem::{Problem, out_of_bounds, problem},
};

mod scrape;
mod sentry;

/// Bytes that the labels of ordinary series have.
const MIN_LABEL_SET_BYTES: u32 = 1 << 10;
/// Memory with which every receiver accepts ordinary requests.
const MIN_INTAKE_BYTES: u32 = 16 << 20;

/// Returns the first value that is not accepted, in the order of the commented file.
pub(crate) fn first_problem(settings: &Settings) -> Option<Problem> {
    listeners(settings)
        .or_else(|| intervals(settings))
        .or_else(|| limits(settings))
        .or_else(|| retention(settings))
        .or_else(|| scrape::scrape_targets(&settings.scrape))
        .or_else(|| scrape::prometheus_files(&settings.prometheus))
        .or_else(|| scrape::commands(&settings.command))
        .or_else(|| watched_processes(&settings.process))
        .or_else(|| log_files(&settings.log_file))
        .or_else(|| sentry::first_problem(&settings.sentry))
}

fn listeners(settings: &Settings) -> Option<Problem> {
    let listen = &settings.listen;
    let mut taken: Vec<(&str, &str)> = Vec::new();
    for (key, address) in [
        ("otlp_grpc", &listen.otlp_grpc),
        ("otlp_http", &listen.otlp_http),
        ("remote_write", &listen.remote_write),
        ("statsd", &listen.statsd),
        ("web", &listen.web),
    ] {
        if address.is_empty() {
            continue;
        }
        if !is_address(address) {
            return problem(
                &["listen", key],
                format!("`{address}` is not an address with a port, such as 127.0.0.1:4317"),
            );
        }
        // UDP has ports of its own.
        if key == "statsd" {
            continue;
        }
        if let Some((other, _)) = taken.iter().find(|(_, used)| used == address && !address.ends_with(":0")) {
            return problem(&["listen", key], format!("`{address}` is the address of {other} already"));
        }
        taken.push((key, address));
    }
    let socket = &listen.statsd_socket;
    if !socket.is_empty() && !Path::new(socket).is_absolute() {
        return problem(&["listen", "statsd_socket"], format!("`{socket}` is not an absolute path"));
    }
    let files = [
        ("tls_cert_file", &listen.tls_cert_file),
        ("tls_key_file", &listen.tls_key_file),
        ("token_file", &listen.token_file),
    ];
    let (key, file) =
        files.into_iter().find(|(_, file)| !file.is_empty() && !Path::new(file).is_absolute())?;
    problem(&["listen", key], format!("`{file}` is not an absolute path"))
}

fn is_address(text: &str) -> bool {
    let named = || {
        text.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
                && port.parse::<u16>().is_ok()
        })
    };
    text.parse::<SocketAddr>().is_ok() || named()
}

fn intervals(settings: &Settings) -> Option<Problem> {
    [
        ("statsd", "interval_seconds", settings.statsd.interval_seconds, 3_600),
        ("host", "interval_seconds", settings.host.interval_seconds, 86_400),
        ("self_metrics", "interval_seconds", settings.self_metrics.interval_seconds, 86_400),
        ("analysis", "interval_minutes", settings.analysis.interval_minutes, 1_440),
    ]
    .into_iter()
    .find_map(|(section, key, value, max)| out_of_bounds(&[section, key], value, max))
    .or_else(|| {
        (settings.host.top_processes > 100)
            .then(|| problem(&["host", "top_processes"], "must be at most 100".to_owned()))
            .flatten()
    })
}

fn limits(settings: &Settings) -> Option<Problem> {
    let limits = &settings.limits;
    [
        ("series", limits.series),
        ("series_per_service", limits.series_per_service),
        ("values_per_label", limits.values_per_label),
        ("resources", limits.resources),
    ]
    .into_iter()
    .find_map(|(key, value)| out_of_bounds(&["limits", key], value, 1_000_000_000))
    .or_else(|| {
        let bytes = [
            ("label_set_bytes", limits.label_set_bytes, MIN_LABEL_SET_BYTES),
            ("label_bytes", limits.label_bytes, 1),
            ("intake_bytes", limits.intake_bytes, MIN_INTAKE_BYTES),
            ("response_bytes", limits.response_bytes, MIN_INTAKE_BYTES),
        ];
        let (key, _, min) = bytes.into_iter().find(|(_, value, min)| value < min)?;
        problem(&["limits", key], format!("{key} must be at least {min}"))
    })
}

fn retention(settings: &Settings) -> Option<Problem> {
    let retention = &settings.retention;
    let days = [
        ("metrics_days", retention.metrics_days),
        ("metrics_minutes_days", retention.metrics_minutes_days),
        ("metrics_hours_days", retention.metrics_hours_days),
        ("logs_days", retention.logs_days),
        ("spans_days", retention.spans_days),
    ];
    let megabytes = [
        ("metrics_megabytes", retention.metrics_megabytes),
        ("logs_megabytes", retention.logs_megabytes),
        ("spans_megabytes", retention.spans_megabytes),
    ];
    days.into_iter()
        .map(|(key, value)| (key, value, 36_500))
        .chain(megabytes.into_iter().map(|(key, value)| (key, value, u32::MAX)))
        .find_map(|(key, value, max)| out_of_bounds(&["retention", key], value, max))
        .or_else(|| coarser_stay_longer(retention))
}

/// Returns a problem if a coarser resolution is retained for a shorter time than a finer one.
fn coarser_stay_longer(retention: &Retention) -> Option<Problem> {
    let (points, minutes) = (retention.metrics_days, retention.metrics_minutes_days);
    let pairs = [
        ("metrics_minutes_days", minutes, "metrics_days", points),
        ("metrics_hours_days", retention.metrics_hours_days, "metrics_minutes_days", minutes),
    ];
    let (key, days, finer, min) = pairs.into_iter().find(|(_, days, _, min)| days < min)?;
    problem(&["retention", key], format!("{key} must be at least {finer}, which is {min}, and is {days}"))
}

fn watched_processes(watched: &[WatchedProcess]) -> Option<Problem> {
    let mut names = BTreeSet::new();
    for (index, process) in watched.iter().enumerate() {
        let index = index.to_string();
        let path = |key| ["process", index.as_str(), key];
        if process.name.trim().is_empty() {
            return problem(&path("name"), "a watched process needs a name".to_owned());
        }
        if !names.insert(&process.name) {
            return problem(
                &path("name"),
                format!("there is a watched process named `{}` already", process.name),
            );
        }
        let conditions = [&process.executable, &process.command, &process.pid_file, &process.unit];
        if conditions.iter().all(|condition| condition.is_empty()) {
            let message = "set executable, command, pid_file or unit: otherwise every process matches";
            return problem(&path("name"), message.to_owned());
        }
        if let Err(error) = Regex::new(&process.command) {
            let reason = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
            return problem(&path("command"), format!("not a regular expression: {reason}"));
        }
        if !process.pid_file.is_empty() && !Path::new(&process.pid_file).is_absolute() {
            return problem(&path("pid_file"), format!("`{}` is not an absolute path", process.pid_file));
        }
    }
    None
}

fn log_files(files: &[LogFile]) -> Option<Problem> {
    let mut paths = BTreeSet::new();
    for (index, file) in files.iter().enumerate() {
        let index = index.to_string();
        let key = ["log_file", index.as_str(), "path"];
        let path = Path::new(&file.path);
        if !path.is_absolute() && !file.path.starts_with("~/") {
            return problem(&key, format!("`{}` is not an absolute path or one from ~/", file.path));
        }
        let Some(name) = path.file_name().filter(|_| !file.path.ends_with(['/', '\\'])) else {
            return problem(&key, format!("`{}` is a folder, not a file", file.path));
        };
        let folder_length = file.path.len() - name.len();
        if file.path.get(..folder_length).is_some_and(|folder| folder.contains('*')) {
            return problem(&key, "* is allowed in the file name only, not in a folder".to_owned());
        }
        if !paths.insert(&file.path) {
            return problem(&key, format!("there is a log file with the path `{}` already", file.path));
        }
    }
    None
}
