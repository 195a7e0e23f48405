//! From the text of a `prometheus.yml` to jobs
//! (prometheus.io/docs/prometheus/latest/configuration/configuration).

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use config::{ScrapeTarget, parse_duration};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::scrape::{
    discovery::{Discovery, TargetGroup, targets_of},
    format,
    job::Job,
    secret::Credentials,
    yaml::{self, without_values},
};

mod access;

use access::{credentials, http_lists, in_folder};

/// What a file asks for.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) jobs: Vec<Job>,
    /// What is missing or wrong.
    pub(super) notices: Vec<String>,
    /// What is left aside.
    pub(super) remarks: Vec<String>,
}

/// Sections that are left aside, and keys of `global` and of jobs without a meaning here.
const LEFT_ASIDE: [&str; 8] =
    ["rule_files", "alerting", "remote_write", "remote_read", "storage", "tracing", "otlp", "runtime"];
const GLOBAL_WITHOUT_MEANING: [&str; 9] = [
    "evaluation_interval",
    "external_labels",
    "rule_query_offset",
    "query_log_file",
    "keep_dropped_targets",
    "metric_name_validation_scheme",
    "metric_name_escaping_scheme",
    "scrape_native_histograms",
    "extra_scrape_metrics",
];
const WITHOUT_MEANING: [&str; 6] = [
    "enable_http2",
    "keep_dropped_targets",
    "metric_name_validation_scheme",
    "metric_name_escaping_scheme",
    "scrape_native_histograms",
    "extra_scrape_metrics",
];
/// Keys of a job that our own settings have under the same name, and those that `global` gives a default for.
const SAME: [&str; 10] = [
    "honor_labels",
    "honor_timestamps",
    "track_timestamps_staleness",
    "metrics_path",
    "scheme",
    "params",
    "relabel_configs",
    "metric_relabel_configs",
    "tls_config",
    "follow_redirects",
];
const WITH_GLOBAL_DEFAULT: [&str; 7] = [
    "sample_limit",
    "target_limit",
    "label_limit",
    "label_name_length_limit",
    "label_value_length_limit",
    "scrape_classic_histograms",
    "always_scrape_classic_histograms",
];

/// Reads a whole file; relative paths count from `folder`. A job that makes no sense is left out with a notice; an
/// error means that nothing can be read. Neither quotes values, which may be secrets.
pub(super) fn parse(written: &str, folder: &Path) -> Result<Parsed, String> {
    let mut whole: Map<String, Value> = match yaml::read(written)? {
        Value::Object(whole) => whole,
        Value::Null => Map::new(),
        _ => return Err("the file does not hold named sections".to_owned()),
    };
    let mut parsed = Parsed::default();
    let mut global = section(&mut whole, "global")?;
    let defaults = Defaults::take(&mut global)?;
    for key in global.keys().filter(|key| !GLOBAL_WITHOUT_MEANING.contains(&key.as_str())) {
        parsed.remarks.push(format!("{key} of global is not followed"));
    }
    let configs = match whole.remove("scrape_configs") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(configs)) => configs,
        Some(_) => return Err("scrape_configs is not a list".to_owned()),
    };
    for (key, value) in &whole {
        if LEFT_ASIDE.contains(&key.as_str()) {
            if !is_empty(value) {
                parsed.remarks.push(format!("{key} is left aside: only scraping is taken over"));
            }
        } else if key == "scrape_config_files" {
            if !is_empty(value) {
                let missing = "the jobs in those files are missing";
                parsed.notices.push(format!("{key} is not understood, {missing}"));
            }
        } else {
            parsed.notices.push(format!("{key} is not understood"));
        }
    }
    let mut names = BTreeSet::new();
    for (index, config) in configs.into_iter().enumerate() {
        let Value::Object(mut config) = config else {
            parsed.notices.push(format!("entry {} of scrape_configs has no named values", index + 1));
            continue;
        };
        config.retain(|_, value| !value.is_null());
        let name = match config.remove("job_name").map(text) {
            Some(Ok(name)) if !name.is_empty() => name,
            _ => {
                parsed.notices.push(format!("entry {} of scrape_configs has no job_name", index + 1));
                continue;
            }
        };
        if !names.insert(name.clone()) {
            parsed.notices.push(format!("there are two jobs named {name:?}; the first is followed"));
            continue;
        }
        match job(&name, config, &defaults, folder) {
            Ok(job) => parsed.jobs.push(job),
            Err(problem) => parsed.notices.push(format!("job {name:?} is left out: {problem}")),
        }
    }
    Ok(parsed)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// What `global` says for all jobs.
struct Defaults {
    interval: Duration,
    timeout: Duration,
    protocols: Vec<String>,
    body_size_limit: Option<Value>,
    plain: Map<String, Value>,
}

impl Defaults {
    fn take(global: &mut Map<String, Value>) -> Result<Self, String> {
        global.retain(|_, value| !value.is_null());
        let mut plain = Map::new();
        for key in WITH_GLOBAL_DEFAULT {
            if let Some(value) = global.remove(key) {
                plain.insert(key.to_owned(), value);
            }
        }
        Ok(Self {
            interval: duration(global, "scrape_interval")?.unwrap_or(Duration::from_secs(60)),
            timeout: duration(global, "scrape_timeout")?.unwrap_or(Duration::from_secs(10)),
            protocols: typed(global, "scrape_protocols")?.unwrap_or_default(),
            body_size_limit: global.remove("body_size_limit"),
            plain,
        })
    }
}

fn job(
    name: &str,
    mut config: Map<String, Value>,
    defaults: &Defaults,
    folder: &Path,
) -> Result<Job, String> {
    let mut settings = json!({ "name": name });
    for key in WITH_GLOBAL_DEFAULT {
        if let Some(value) = config.remove(key).or_else(|| defaults.plain.get(key).cloned()) {
            if !(value.is_u64() || value.is_boolean()) {
                return Err(format!("{key} is not a number or truth value"));
            }
            settings[key.trim_start_matches("always_")] = value;
        }
    }
    for key in SAME {
        if let Some(value) = config.remove(key) {
            settings[key] = value;
        }
    }
    let mut settings: ScrapeTarget = read("settings", settings)?;
    let mut notices = Vec::new();
    settings.file_sd_configs = entries(&mut config, "file_sd_configs", name, &mut notices);
    settings.dns_sd_configs = entries(&mut config, "dns_sd_configs", name, &mut notices);
    for file in settings.file_sd_configs.iter_mut().flat_map(|entry| &mut entry.files) {
        *file = absolute(folder, file).to_string_lossy().into_owned();
    }
    in_folder(&mut settings.tls_config, folder);
    let credentials = credentials(&mut config, folder)?;
    let lists = http_lists(&mut config, name, folder, &mut notices);
    let interval = duration(&mut config, "scrape_interval")?.unwrap_or(defaults.interval);
    let timeout = match duration(&mut config, "scrape_timeout")? {
        Some(timeout) if timeout > interval => {
            return Err("scrape_timeout is longer than scrape_interval".to_owned());
        }
        timeout => timeout.unwrap_or(defaults.timeout.min(interval)),
    };
    let body_size_limit = match config.remove("body_size_limit").or_else(|| defaults.body_size_limit.clone())
    {
        Some(value) => size(&text(value)?).ok_or("body_size_limit is not a size such as 10MB")?,
        None => 0,
    };
    let protocols = typed(&mut config, "scrape_protocols")?.unwrap_or_else(|| defaults.protocols.clone());
    let fallback: Option<String> = typed(&mut config, "fallback_scrape_protocol")?;
    let groups: Vec<TargetGroup> = entries(&mut config, "static_configs", name, &mut notices);

    let mut job = Job::new(&settings)?;
    job.discoveries = vec![Discovery::Static(targets_of(&groups, &[]))];
    job.discoveries.extend(Discovery::all(&settings)?);
    job.discoveries.extend(lists.into_iter().map(|list| Discovery::Http(Box::new(list))));
    (job.interval, job.timeout) = (interval, timeout);
    if body_size_limit > 0 {
        job.most_bytes = body_size_limit;
    }
    if credentials != Credentials::None {
        job.access.credentials = credentials;
    }
    if let Some(unknown) =
        protocols.iter().chain(&fallback).find(|protocol| format::named(protocol).is_none())
    {
        return Err(format!("{unknown:?} is not the name of a scrape protocol"));
    }
    job.accept = format::accept(&protocols);
    job.fallback = fallback.as_deref().and_then(format::named);
    for key in config.keys().filter(|key| !WITHOUT_MEANING.contains(&key.as_str())) {
        if key.ends_with("_sd_configs") {
            notices.push(format!("job {name:?}: {key} is not understood, its targets are missing"));
        } else if key.contains("proxy") {
            job.remarks.push(format!("job {name:?}: {key} is not followed, targets are asked directly"));
        } else if matches!(key.as_str(), "oauth2" | "sigv4" | "azuread" | "google_iam" | "http_headers") {
            notices.push(format!("job {name:?}: {key} is not understood, its targets may refuse us"));
        } else {
            job.remarks.push(format!("job {name:?}: {key} is not followed"));
        }
    }
    job.notices = notices;
    Ok(job)
}

fn section(whole: &mut Map<String, Value>, key: &str) -> Result<Map<String, Value>, String> {
    match whole.remove(key) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(section)) => Ok(section),
        Some(_) => Err(format!("{key} does not hold named values")),
    }
}

/// Those entries of a list that can be read; the others become notices.
fn entries<T: DeserializeOwned>(
    config: &mut Map<String, Value>,
    key: &str,
    job: &str,
    notices: &mut Vec<String>,
) -> Vec<T> {
    entries_with(config, key, job, notices, |entry| read(key, entry))
}

fn entries_with<T>(
    config: &mut Map<String, Value>,
    key: &str,
    job: &str,
    notices: &mut Vec<String>,
    read: impl Fn(Value) -> Result<T, String>,
) -> Vec<T> {
    let listed = match config.remove(key) {
        None => Vec::new(),
        Some(Value::Array(listed)) => listed,
        Some(_) => {
            notices.push(format!("job {job:?}: {key} is not a list"));
            Vec::new()
        }
    };
    let mut entries = Vec::new();
    for entry in listed {
        match read(entry) {
            Ok(entry) => entries.push(entry),
            Err(problem) => notices.push(format!("job {job:?}: an entry is left out: {problem}")),
        }
    }
    entries
}

fn typed<T: DeserializeOwned>(config: &mut Map<String, Value>, key: &str) -> Result<Option<T>, String> {
    config.remove(key).map(|value| read(key, value)).transpose()
}

fn read<T: DeserializeOwned>(key: &str, value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("{key}: {}", without_values(&error.to_string())))
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => Err("a list or section stands where a text should".to_owned()),
    }
}

fn duration(config: &mut Map<String, Value>, key: &str) -> Result<Option<Duration>, String> {
    let Some(value) = config.remove(key) else { return Ok(None) };
    let duration = parse_duration(&text(value)?).filter(|duration| !duration.is_zero());
    duration.map(Some).ok_or_else(|| format!("{key} is not a duration such as 30s or 5m"))
}

/// A number of bytes such as `10MB`; units count in steps of 1024.
fn size(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let power = match unit {
        "" | "B" => 0,
        "KB" | "KiB" => 1,
        "MB" | "MiB" => 2,
        "GB" | "GiB" => 3,
        "TB" | "TiB" => 4,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1024_usize.checked_pow(power)?)
}

fn absolute(folder: &Path, path: &str) -> PathBuf {
    folder.join(path)
}

#[cfg(test)]
mod tests;
