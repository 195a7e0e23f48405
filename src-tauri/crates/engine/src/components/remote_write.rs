//! Receives Prometheus remote write.

use config::Settings;

use super::{
    handles::SourceHandles,
    spec::ComponentSpec,
    tcp_receiver::{self, Serving},
};
use crate::status::Protocol;

const PROTOCOL: Protocol = Protocol { name: "remote_write", title: "Prometheus remote write" };

/// Makes the spec of the receiver.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let address = handles.addresses.remote_write.as_ref().unwrap_or(&settings.listen.remote_write);
    tcp_receiver::spec(
        PROTOCOL,
        address,
        settings,
        |listener, store, clock, counters, budget, stop| -> Serving {
            Box::pin(ingest::serve_remote_write(listener, store, clock, counters, budget, stop))
        },
        handles,
    )
}
