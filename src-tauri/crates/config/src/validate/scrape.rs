//! Validation of scrape targets, Prometheus files and commands.

use std::{collections::BTreeSet, path::Path};

use model::parse_duration;
use url::Url;

use crate::{
    Command, PrometheusFile, ScrapeTarget,
    problem::{Problem, out_of_bounds, problem},
};

pub(super) fn scrape_targets(targets: &[ScrapeTarget]) -> Option<Problem> {
    let mut names = BTreeSet::new();
    for (index, target) in targets.iter().enumerate() {
        let index = index.to_string();
        let path = |key| ["scrape", index.as_str(), key];
        if target.name.trim().is_empty() {
            return problem(&path("name"), "a scrape target needs a name".to_owned());
        }
        if !names.insert(&target.name) {
            return problem(
                &path("name"),
                format!("there is a scrape target named `{}` already", target.name),
            );
        }
        let listed = !target.targets.is_empty()
            || !target.file_sd_configs.is_empty()
            || !target.dns_sd_configs.is_empty()
            || !target.http_sd_configs.is_empty();
        if target.url.is_empty() && !listed {
            let message = "set url, targets, file_sd_configs, dns_sd_configs or http_sd_configs: there is nothing to scrape";
            return problem(&path("url"), message.to_owned());
        }
        if !target.url.is_empty() && !is_web_address(&target.url) {
            return problem(
                &path("url"),
                format!("`{}` is not an http:// or https:// address", without_password(&target.url)),
            );
        }
        if !matches!(target.scheme.as_str(), "http" | "https") {
            return problem(&path("scheme"), format!("`{}` is not http or https", target.scheme));
        }
        if target.labels.keys().any(String::is_empty) {
            return problem(&path("labels"), "a label needs a name".to_owned());
        }
        let wrong = out_of_bounds(&path("interval_seconds"), target.interval_seconds, 86_400)
            .or_else(|| out_of_bounds(&path("timeout_seconds"), target.timeout_seconds, 3_600))
            .or_else(|| discovery(target, &index));
        if wrong.is_some() {
            return wrong;
        }
        if target.basic_auth.is_some() && target.authorization.is_some() {
            return problem(
                &path("authorization"),
                "basic_auth and authorization cannot be used together".to_owned(),
            );
        }
    }
    None
}

fn discovery(target: &ScrapeTarget, index: &str) -> Option<Problem> {
    let path = |key| ["scrape", index, key];
    let files = target.file_sd_configs.iter().map(|entry| ("file_sd_configs", &entry.refresh_interval));
    let names = target.dns_sd_configs.iter().map(|entry| ("dns_sd_configs", &entry.refresh_interval));
    let pages = target.http_sd_configs.iter().map(|entry| ("http_sd_configs", &entry.refresh_interval));
    for (key, interval) in files.chain(names).chain(pages) {
        if parse_duration(interval).is_none_or(|interval| interval.is_zero()) {
            return problem(&path(key), format!("`{interval}` is not a duration such as 30s or 5m"));
        }
    }
    for entry in &target.dns_sd_configs {
        if !matches!(entry.kind.as_str(), "SRV" | "A" | "AAAA" | "MX") {
            return problem(
                &path("dns_sd_configs"),
                format!("`{}` is not one of SRV, A, AAAA and MX", entry.kind),
            );
        }
        if entry.kind != "SRV" && entry.port == 0 {
            return problem(&path("dns_sd_configs"), format!("{} records need a port", entry.kind));
        }
    }
    for page in &target.http_sd_configs {
        if !is_web_address(&page.url) {
            return problem(
                &path("http_sd_configs"),
                format!("`{}` is not an http:// or https:// address", without_password(&page.url)),
            );
        }
        if page.basic_auth.is_some() && page.authorization.is_some() {
            return problem(
                &path("http_sd_configs"),
                "basic_auth and authorization cannot be used together".to_owned(),
            );
        }
    }
    None
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Returns the address without everything before its last `@`, so that it can be shown.
fn without_password(text: &str) -> &str {
    text.rsplit_once('@').map_or(text, |(_, rest)| rest)
}

pub(super) fn prometheus_files(files: &[PrometheusFile]) -> Option<Problem> {
    let mut files_seen = BTreeSet::new();
    for (index, entry) in files.iter().enumerate() {
        let index = index.to_string();
        let path = ["prometheus", index.as_str(), "file"];
        if !Path::new(&entry.file).is_absolute() && !entry.file.starts_with("~/") {
            return problem(&path, format!("`{}` is not an absolute path or one from ~/", entry.file));
        }
        if !files_seen.insert(&entry.file) {
            return problem(&path, format!("there is an entry with the file `{}` already", entry.file));
        }
    }
    None
}

pub(super) fn commands(commands: &[Command]) -> Option<Problem> {
    let mut names = BTreeSet::new();
    for (index, command) in commands.iter().enumerate() {
        let index = index.to_string();
        let path = |key| ["command", index.as_str(), key];
        if command.name.trim().is_empty() {
            return problem(&path("name"), "a command needs a name".to_owned());
        }
        if !names.insert(&command.name) {
            return problem(&path("name"), format!("there is a command named `{}` already", command.name));
        }
        if !command.run.first().is_some_and(|program| Path::new(program).is_absolute()) {
            return problem(
                &path("run"),
                "the first of `run` must be the absolute path of a program".to_owned(),
            );
        }
        let wrong = out_of_bounds(&path("interval_seconds"), command.interval_seconds, 86_400)
            .or_else(|| out_of_bounds(&path("timeout_seconds"), command.timeout_seconds, 3_600));
        if wrong.is_some() {
            return wrong;
        }
    }
    None
}
