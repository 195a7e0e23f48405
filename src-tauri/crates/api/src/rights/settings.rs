//! The effects of a change of the settings that need the machine.

use config::{
    Command, Listen, LogFile, PrometheusFile, ScrapeTarget, Settings, SettingsError, WatchedProcess,
};
use engine::Engine;

use super::{Decision, Effect, files, sentry::token_sent};
use crate::{ApiError, arguments::*, handlers::blocking};

pub(crate) async fn save_settings(
    engine: &Engine,
    arguments: &SettingsArguments,
) -> Result<Decision, ApiError> {
    let text = arguments.text.clone();
    let mut decision = decide(engine, move |_| config::parse(&text)).await?;
    // The text replaces the whole file. Edits that were made while it waited would be lost.
    let changed = engine.clone();
    let current = blocking(move || Ok(changed.settings().text()?)).await?;
    decision.effects.iter_mut().for_each(|effect| effect.bind(&current));
    Ok(decision)
}

pub(crate) async fn set_setting(engine: &Engine, arguments: &SettingArguments) -> Result<Decision, ApiError> {
    let (changed, SettingArguments { key, value }) = (engine.clone(), arguments.clone());
    decide(engine, move |_| config::preview_value(changed.settings().path(), &key, &value)).await
}

pub(crate) async fn add_scrape_target(
    engine: &Engine,
    arguments: &ScrapeTargetArguments,
) -> Result<Decision, ApiError> {
    let target = ScrapeTarget::new(&arguments.name, &arguments.url);
    decide(engine, move |current| {
        let mut changed = current.clone();
        changed.scrape.push(target);
        Ok(changed)
    })
    .await
}

pub(crate) async fn add_log_file(
    engine: &Engine,
    arguments: &LogFileArguments,
) -> Result<Decision, ApiError> {
    let LogFileArguments { path, service } = arguments.clone();
    decide(engine, move |current| {
        let mut changed = current.clone();
        changed.log_file.push(LogFile { path, service, from_start: false });
        Ok(changed)
    })
    .await
}

/// Compares the settings in force with those after an edit. An edit that fails has no effect: the
/// command reports the error.
async fn decide(
    engine: &Engine,
    edit: impl FnOnce(&Settings) -> Result<Settings, SettingsError> + Send + 'static,
) -> Result<Decision, ApiError> {
    let edits = engine.settings().lock_edits().await;
    let current = engine.settings().in_force();
    let effects =
        blocking(move || Ok(edit(&current).map(|changed| effects(&current, &changed)).unwrap_or_default()))
            .await?;
    Ok(Decision { effects, _edits: Some(edits) })
}

/// Returns the effects of a change from `old` to `new`. Removed entries have none: without them
/// less runs, is read and is sent.
fn effects(old: &Settings, new: &Settings) -> Vec<Effect> {
    // Every section is named, so that a new one is decided about.
    let Settings {
        listen,
        statsd,
        host: _,
        self_metrics: _,
        alerts: _,
        analysis: _,
        storage: _,
        retention: _,
        limits: _,
        log: _,
        scrape,
        process,
        prometheus,
        command,
        log_file,
        sentry,
    } = new;
    let mut effects = listeners(&old.listen, listen);
    effects.extend(protection(&old.listen, listen));
    if statsd.non_local_traffic && !old.statsd.non_local_traffic {
        effects.push(Effect::new("Accept unprotected StatsD from other machines".to_owned(), ()));
    }
    effects.extend(added(&old.command, command).map(program));
    effects.extend(added(&old.prometheus, prometheus).map(configuration));
    effects.extend(added(&old.log_file, log_file).map(logs));
    effects.extend(added(&old.process, process).filter_map(pid_file));
    effects.extend(added(&old.scrape, scrape).filter_map(scraped_files));
    let known: Vec<Effect> = old.sentry.iter().map(token_sent).collect();
    effects.extend(sentry.iter().map(token_sent).filter(|effect| !known.contains(effect)));
    effects
}

fn added<'a, T: PartialEq>(old: &'a [T], new: &'a [T]) -> impl Iterator<Item = &'a T> {
    new.iter().filter(|entry| !old.contains(entry))
}

fn listeners(old: &Listen, new: &Listen) -> Vec<Effect> {
    let Listen {
        otlp_grpc,
        otlp_http,
        remote_write,
        statsd,
        statsd_socket,
        web,
        // See `protection`.
        tls_cert_file: _,
        tls_key_file: _,
        token_file: _,
    } = new;
    [
        ("OpenTelemetry over gRPC", &old.otlp_grpc, otlp_grpc),
        ("OpenTelemetry over HTTP", &old.otlp_http, otlp_http),
        ("Prometheus remote write", &old.remote_write, remote_write),
        ("StatsD", &old.statsd, statsd),
        ("StatsD on a socket", &old.statsd_socket, statsd_socket),
        ("the console", &old.web, web),
    ]
    .into_iter()
    .filter(|(_, old, new)| old != new)
    .map(|(name, old, new)| {
        let text = match (old.is_empty(), new.is_empty()) {
            (_, true) => format!("Stop listening on {old} for {name}"),
            (true, _) => format!("Listen on {new} for {name}"),
            _ => format!("Listen on {new} instead of {old} for {name}"),
        };
        Effect::new(text, (name, new))
    })
    .collect()
}

/// Returns the effects of other files for the receivers that other machines reach.
fn protection(old: &Listen, new: &Listen) -> Vec<Effect> {
    let files = |listen: &Listen| {
        [
            ("certificate", listen.tls_cert_file.clone()),
            ("key", listen.tls_key_file.clone()),
            ("token", listen.token_file.clone()),
        ]
    };
    let changed = files(old).into_iter().zip(files(new)).filter(|(old, new)| old != new);
    changed
        .map(|(_, (name, file))| {
            let text = if file.is_empty() {
                format!("Stop receiving from other machines: without the file of the {name}")
            } else {
                format!("Read the {name} of the receivers for other machines from {file}")
            };
            Effect::new(text, (name, file))
        })
        .collect()
}

fn program(command: &Command) -> Effect {
    let words: Vec<String> = command
        .run
        .iter()
        .map(|word| {
            let is_plain =
                !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "'\"`".contains(c));
            if is_plain { word.clone() } else { format!("{word:?}") }
        })
        .collect();
    let text = format!("Run the program `{}` every {} s", words.join(" "), command.interval_seconds);
    Effect::new(text, command)
}

fn configuration(prometheus: &PrometheusFile) -> Effect {
    let text = format!(
        "Read the Prometheus configuration {} with the files it names, and scrape its targets",
        prometheus.file
    );
    Effect::new(text, prometheus)
}

fn logs(file: &LogFile) -> Effect {
    Effect::new(format!("Read the log files {}", file.path), file)
}

fn pid_file(process: &WatchedProcess) -> Option<Effect> {
    let file = Some(&process.pid_file).filter(|file| !file.is_empty())?;
    Some(Effect::new(format!("Read the process ID in the file {file}"), process))
}

/// Returns the effect of a scrape job that names files: secrets, keys or lists of targets. Each
/// change of such a job is one, because an address, a rule or a list may send the secret elsewhere.
fn scraped_files(job: &ScrapeTarget) -> Option<Effect> {
    let files = files::named(&serde_json::to_value(job).unwrap_or_default());
    if files.is_empty() {
        return None;
    }
    let first = Some(job.url.as_str()).filter(|url| !url.is_empty());
    let targets: Vec<&str> = first.into_iter().chain(job.targets.iter().map(String::as_str)).collect();
    let lists = job.file_sd_configs.len() + job.dns_sd_configs.len() + job.http_sd_configs.len();
    let elsewhere = match (lists, job.relabel_configs.len()) {
        (0, 0) => "",
        (_, 0) => " and the targets of its lists",
        (0, _) => " and where its relabelling rules lead",
        _ => " and the targets of its lists and relabelling rules",
    };
    let text = format!(
        "Read {} for the scrape job “{}”, which sends its secrets to {}{elsewhere}",
        files.join(", "),
        job.name,
        if targets.is_empty() { "no fixed address".to_owned() } else { targets.join(", ") },
    );
    Some(Effect::new(text, job))
}

#[cfg(test)]
mod tests;
