//! Receives OTLP over HTTP.

use config::Settings;

use super::{
    handles::SourceHandles,
    spec::ComponentSpec,
    tcp_receiver::{self, Serving},
};
use crate::status::Protocol;

const PROTOCOL: Protocol = Protocol { name: "otlp_http", title: "OTLP over HTTP" };

/// Makes the spec of the receiver.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let address = handles.addresses.otlp_http.as_ref().unwrap_or(&settings.listen.otlp_http);
    tcp_receiver::spec(
        PROTOCOL,
        address,
        settings,
        |listener, store, clock, counters, budget, stop| -> Serving {
            Box::pin(ingest::serve_otlp_http(listener, store, clock, counters, budget, stop))
        },
        handles,
    )
}
