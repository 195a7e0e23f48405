//! An engine in this process, and a rule that watches one of its checks.

use std::path::Path;

use alerts::{AlertRule, CheckSource, NoDataPolicy};
use engine::EngineOptions;
use model::{AlertSeverity, Comparator};

/// Returns the options of an engine whose receivers listen on free ports.
pub(crate) fn options(folder: &Path) -> EngineOptions {
    let free = || Some("127.0.0.1:0".to_owned());
    EngineOptions {
        otlp_grpc: free(),
        otlp_http: free(),
        remote_write: free(),
        statsd: free(),
        ..EngineOptions::new(folder.to_owned())
    }
}

/// Returns a rule that notifies once the check is unhealthy.
pub(crate) fn rule(check_id: &str) -> AlertRule {
    AlertRule {
        id: String::new(),
        name: format!("{check_id} is down"),
        enabled: true,
        severity: AlertSeverity::Critical,
        source: CheckSource { check_id: Some(check_id.to_owned()) }.into(),
        comparator: Comparator::AtLeast,
        threshold: 2.0,
        resolve_threshold: None,
        for_seconds: 0,
        interval_seconds: 1,
        no_data: NoDataPolicy::KeepState,
        notify: true,
    }
}
