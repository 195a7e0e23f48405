//! Discovery by DNS records (`dns_sd_configs`).

use std::time::Duration;

use hickory_resolver::{
    TokioResolver,
    proto::rr::{RData, RecordType},
};
use model::Labels;
use runtime::Clock;
use tokio_util::sync::CancellationToken;

use super::{DiscoveryResult, ResultSender};

pub(super) async fn run(
    settings: config::DnsDiscovery,
    interval: Duration,
    clock: &Clock,
    results: ResultSender,
    stop: CancellationToken,
) {
    // Reads /etc/resolv.conf.
    let resolver = tokio::task::spawn_blocking(|| TokioResolver::builder_tokio()?.build()).await;
    let resolver = match resolver {
        Ok(Ok(resolver)) => resolver,
        Ok(Err(error)) => return give_up(&results, &error.to_string(), &stop).await,
        Err(error) => return give_up(&results, &error.to_string(), &stop).await,
    };
    follow(&resolver, &settings, interval, clock, &results, &stop).await;
}

/// Sends the targets of the names once per interval.
async fn follow(
    resolver: &TokioResolver,
    settings: &config::DnsDiscovery,
    interval: Duration,
    clock: &Clock,
    results: &ResultSender,
    stop: &CancellationToken,
) {
    loop {
        results.send(resolve(resolver, settings).await).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(interval) => {}
        }
    }
}

async fn give_up(results: &ResultSender, error: &str, stop: &CancellationToken) {
    let problem = format!("cannot resolve names: {error}");
    results.send(DiscoveryResult { targets: None, problem: Some(problem) }).await;
    stop.cancelled().await;
}

/// Resolves all names. If one of them fails, the previous result remains valid.
async fn resolve(resolver: &TokioResolver, settings: &config::DnsDiscovery) -> DiscoveryResult {
    let record = match settings.kind.to_ascii_uppercase().as_str() {
        "SRV" => RecordType::SRV,
        "A" => RecordType::A,
        "AAAA" => RecordType::AAAA,
        "MX" => RecordType::MX,
        other => {
            let problem = format!("{other:?} is not one of SRV, A, AAAA and MX");
            return DiscoveryResult { targets: None, problem: Some(problem) };
        }
    };
    let mut targets = Vec::new();
    for name in &settings.names {
        match resolver.lookup(name.as_str(), record).await {
            Ok(answer) => {
                let records = answer.answers().iter().map(|record| &record.data);
                targets.extend(records.filter_map(|data| target(name, data, settings.port)));
            }
            Err(error) if error.is_no_records_found() => {}
            Err(error) => {
                let problem = format!("cannot resolve {name}: {error}");
                return DiscoveryResult { targets: None, problem: Some(problem) };
            }
        }
    }
    DiscoveryResult { targets: Some(targets), problem: None }
}

/// Returns the target of a record of `name`, with the labels of Prometheus.
fn target(name: &str, data: &RData, port: u16) -> Option<Labels> {
    let mut labels = Labels::from([("__meta_dns_name".to_owned(), name.to_owned())]);
    let without_dot = |host: String| host.trim_end_matches('.').to_owned();
    let address = match data {
        RData::SRV(record) => {
            let host = record.target.to_string();
            labels.insert("__meta_dns_srv_record_target".to_owned(), host.clone());
            labels.insert("__meta_dns_srv_record_port".to_owned(), record.port.to_string());
            format!("{}:{}", without_dot(host), record.port)
        }
        RData::MX(record) => {
            let host = record.exchange.to_string();
            labels.insert("__meta_dns_mx_record_target".to_owned(), host.clone());
            format!("{}:{port}", without_dot(host))
        }
        RData::A(address) => format!("{}:{port}", address.0),
        RData::AAAA(address) => format!("[{}]:{port}", address.0),
        _ => return None,
    };
    labels.insert("__address__".to_owned(), address);
    Some(labels)
}

#[cfg(test)]
mod tests;
