//! Names whose DNS records list targets (`dns_sd_configs`).

use std::time::Duration;

use hickory_resolver::{
    TokioResolver,
    proto::rr::{RData, RecordType},
};
use model::Labels;
use tokio_util::sync::CancellationToken;

use super::{Found, Teller};

pub(super) async fn run(
    settings: config::DnsDiscovery,
    interval: Duration,
    told: Teller,
    stop: CancellationToken,
) {
    // Reads /etc/resolv.conf.
    let resolver = tokio::task::spawn_blocking(|| TokioResolver::builder_tokio()?.build()).await;
    let resolver = match resolver {
        Ok(Ok(resolver)) => resolver,
        Ok(Err(error)) => return give_up(&told, &error.to_string(), &stop).await,
        Err(error) => return give_up(&told, &error.to_string(), &stop).await,
    };
    follow(&resolver, &settings, interval, &told, &stop).await;
}

/// Tells what the names list, again and again.
async fn follow(
    resolver: &TokioResolver,
    settings: &config::DnsDiscovery,
    interval: Duration,
    told: &Teller,
    stop: &CancellationToken,
) {
    loop {
        told.tell(look_up(resolver, settings).await).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

async fn give_up(told: &Teller, error: &str, stop: &CancellationToken) {
    let problem = format!("names cannot be looked up: {error}");
    told.tell(Found { targets: None, problem: Some(problem) }).await;
    stop.cancelled().await;
}

/// Everything the names list; if one of them cannot be looked up what was found before stands.
async fn look_up(resolver: &TokioResolver, settings: &config::DnsDiscovery) -> Found {
    let record = match settings.kind.to_ascii_uppercase().as_str() {
        "SRV" => RecordType::SRV,
        "A" => RecordType::A,
        "AAAA" => RecordType::AAAA,
        "MX" => RecordType::MX,
        other => {
            let problem = format!("{other:?} is not one of SRV, A, AAAA and MX");
            return Found { targets: None, problem: Some(problem) };
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
                let problem = format!("cannot look up {name}: {error}");
                return Found { targets: None, problem: Some(problem) };
            }
        }
    }
    Found { targets: Some(targets), problem: None }
}

/// The target that a record of `name` stands for, with the labels that Prometheus gives it.
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
