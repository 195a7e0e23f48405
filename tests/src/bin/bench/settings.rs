//! The settings of a measured Binnacle, in parts.

/// Every receiver on a port of its own.
pub(crate) const RECEIVERS: &str = "\
[listen]
otlp_grpc = \"127.0.0.1:0\"
otlp_http = \"127.0.0.1:0\"
remote_write = \"127.0.0.1:0\"
statsd = \"\"
web = \"127.0.0.1:0\"
";

/// No work of its own: no notification, no host metrics, no analysis.
pub(crate) const QUIET: &str = "
[alerts]
desktop_notifications = false

[host]
enabled = false

[analysis]
enabled = false
";
