//! Parser of `prometheus.yml` (prometheus.io/docs/prometheus/latest/configuration/configuration).

mod credentials;
mod values;

use std::{collections::BTreeSet, path::Path, time::Duration};

use config::ScrapeTarget;
use serde_json::{Map, Value, json};

use self::{
    credentials::{credentials, http_lists, in_folder},
    values::{absolute, duration, entries, is_empty, read, section, size, text, typed},
};
use crate::scrape::{
    credentials::Credentials,
    discovery::{Discovery, TargetGroup, targets_of},
    format,
    job::Job,
    yaml,
};

/// The content of a configuration file.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) jobs: Vec<Job>,
    /// Missing or invalid settings.
    pub(super) problems: Vec<String>,
    /// Ignored settings.
    pub(super) warnings: Vec<String>,
}

/// Ignored sections, and ignored keys of `global` and of jobs.
const IGNORED_SECTIONS: [&str; 8] =
    ["rule_files", "alerting", "remote_write", "remote_read", "storage", "tracing", "otlp", "runtime"];
const IGNORED_GLOBAL_KEYS: [&str; 9] = [
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
const IGNORED_KEYS: [&str; 6] = [
    "enable_http2",
    "keep_dropped_targets",
    "metric_name_validation_scheme",
    "metric_name_escaping_scheme",
    "scrape_native_histograms",
    "extra_scrape_metrics",
];
/// Keys of a job that our own settings have under the same name, and keys with a default in
/// `global`.
const SHARED_KEYS: [&str; 10] = [
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

/// Parses a whole file. Relative paths start at `folder`. An invalid job is dropped with a problem;
/// an error means that nothing can be read. Messages never quote values, which may be secrets.
pub(super) fn parse(written: &str, folder: &Path) -> Result<Parsed, String> {
    let mut whole: Map<String, Value> = match yaml::read(written)? {
        Value::Object(whole) => whole,
        Value::Null => Map::new(),
        _ => return Err("the file is not a YAML mapping".to_owned()),
    };
    let mut parsed = Parsed::default();
    let mut global = section(&mut whole, "global")?;
    let defaults = Defaults::take(&mut global)?;
    for key in global.keys().filter(|key| !IGNORED_GLOBAL_KEYS.contains(&key.as_str())) {
        parsed.warnings.push(format!("{key} of global is ignored"));
    }
    let configs = match whole.remove("scrape_configs") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(configs)) => configs,
        Some(_) => return Err("scrape_configs is not a list".to_owned()),
    };
    for (key, value) in &whole {
        if IGNORED_SECTIONS.contains(&key.as_str()) {
            if !is_empty(value) {
                parsed.warnings.push(format!("{key} is ignored: only scraping is supported"));
            }
        } else if key == "scrape_config_files" {
            if !is_empty(value) {
                let missing = "the jobs in those files are missing";
                parsed.problems.push(format!("{key} is not supported, {missing}"));
            }
        } else {
            parsed.problems.push(format!("{key} is not supported"));
        }
    }
    let mut names = BTreeSet::new();
    for (index, config) in configs.into_iter().enumerate() {
        let Value::Object(mut config) = config else {
            parsed.problems.push(format!("entry {} of scrape_configs is not a mapping", index + 1));
            continue;
        };
        config.retain(|_, value| !value.is_null());
        let name = match config.remove("job_name").map(text) {
            Some(Ok(name)) if !name.is_empty() => name,
            _ => {
                parsed.problems.push(format!("entry {} of scrape_configs has no job_name", index + 1));
                continue;
            }
        };
        if !names.insert(name.clone()) {
            parsed.problems.push(format!("there are two jobs named {name:?}; the first is used"));
            continue;
        }
        match job(&name, config, &defaults, folder) {
            Ok(job) => parsed.jobs.push(job),
            Err(problem) => parsed.problems.push(format!("job {name:?} is dropped: {problem}")),
        }
    }
    Ok(parsed)
}

/// The settings of `global` for all jobs.
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
                return Err(format!("{key} is not a number or boolean"));
            }
            settings[key.trim_start_matches("always_")] = value;
        }
    }
    for key in SHARED_KEYS {
        if let Some(value) = config.remove(key) {
            settings[key] = value;
        }
    }
    let mut settings: ScrapeTarget = read("settings", settings)?;
    let mut problems = Vec::new();
    settings.file_sd_configs = entries(&mut config, "file_sd_configs", name, &mut problems);
    settings.dns_sd_configs = entries(&mut config, "dns_sd_configs", name, &mut problems);
    for file in settings.file_sd_configs.iter_mut().flat_map(|entry| &mut entry.files) {
        *file = absolute(folder, file).to_string_lossy().into_owned();
    }
    in_folder(&mut settings.tls_config, folder);
    let credentials = credentials(&mut config, folder)?;
    let lists = http_lists(&mut config, name, folder, &mut problems);
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
    let groups: Vec<TargetGroup> = entries(&mut config, "static_configs", name, &mut problems);

    let mut job = Job::new(&settings)?;
    job.discoveries = vec![Discovery::Static(targets_of(&groups, &[])?)];
    job.discoveries.extend(Discovery::all(&settings)?);
    job.discoveries.extend(lists.into_iter().map(|list| Discovery::Http(Box::new(list))));
    (job.interval, job.timeout) = (interval, timeout);
    if body_size_limit > 0 {
        job.max_bytes = body_size_limit;
    }
    if credentials != Credentials::None {
        job.client_settings.credentials = credentials;
    }
    if let Some(unknown) =
        protocols.iter().chain(&fallback).find(|protocol| format::named(protocol).is_none())
    {
        return Err(format!("{unknown:?} is not the name of a scrape protocol"));
    }
    job.accept = format::accept(&protocols);
    job.fallback = fallback.as_deref().and_then(format::named);
    for key in config.keys().filter(|key| !IGNORED_KEYS.contains(&key.as_str())) {
        if key.ends_with("_sd_configs") {
            problems.push(format!("job {name:?}: {key} is not supported, its targets are missing"));
        } else if key.contains("proxy") {
            job.warnings.push(format!("job {name:?}: {key} is ignored, targets are requested directly"));
        } else if matches!(key.as_str(), "oauth2" | "sigv4" | "azuread" | "google_iam" | "http_headers") {
            problems
                .push(format!("job {name:?}: {key} is not supported, its targets may reject the request"));
        } else {
            job.warnings.push(format!("job {name:?}: {key} is ignored"));
        }
    }
    job.problems = problems;
    Ok(job)
}

#[cfg(test)]
mod tests;
