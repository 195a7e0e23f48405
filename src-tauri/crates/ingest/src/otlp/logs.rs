//! Conversion of OTLP log records to [`model::LogRecord`]s.

use model::{FLAGS_ATTRIBUTE, LogRecord, Severity, SpanId, Timestamp, TraceId};
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest, logs::v1::LogRecord as WireRecord,
};

use super::{
    attributes::{self, DROPPED_ATTRIBUTES, MAX_NAME_BYTES, cut},
    conversion::Conversion,
    faults::Faults,
};
use crate::timestamp;

/// Converts a request that arrived at `now`.
pub fn convert(request: ExportLogsServiceRequest, now: Timestamp) -> Conversion {
    convert_read(request, Faults::default(), now)
}

/// Converts a request that was read with `faults` at `now`.
pub(super) fn convert_read(request: ExportLogsServiceRequest, faults: Faults, now: Timestamp) -> Conversion {
    let mut conversion = Conversion::new(faults);
    for (group_index, group) in request.resource_logs.into_iter().enumerate() {
        let resource = attributes::resource(group.resource, &mut conversion.trimmed);
        for (scope_index, scoped) in group.scope_logs.into_iter().enumerate() {
            let (scope, scope_attributes) = attributes::scope(scoped.scope, &mut conversion.trimmed);
            for (index, wire) in scoped.log_records.into_iter().enumerate() {
                let position = format_args!(
                    "resource_logs[{group_index}].scope_logs[{scope_index}].log_records[{index}]"
                );
                if conversion.reject_faulty(&[group_index, scope_index, index], position) {
                    continue;
                }
                conversion.undated |= wire.time_unix_nano == 0 && wire.observed_time_unix_nano == 0;
                let (time, observed_time) = match times(&wire, now) {
                    Ok(times) => times,
                    Err(reason) => {
                        conversion.reject(position, reason);
                        continue;
                    }
                };
                // Invalid identifiers mean that the record belongs to no trace (logs.proto).
                if !matches!(wire.trace_id.len(), 0 | 16) || !matches!(wire.span_id.len(), 0 | 8) {
                    conversion.warn(position, "trace or span id has a wrong length and was dropped");
                }
                let trimmed = &mut conversion.trimmed;
                let mut attributes = attributes::with_scope(wire.attributes, &scope_attributes, trimmed);
                let counts =
                    [(DROPPED_ATTRIBUTES, wire.dropped_attributes_count), (FLAGS_ATTRIBUTE, wire.flags)];
                attributes::add_counts(&mut attributes, &counts);
                let record = LogRecord {
                    time,
                    observed_time,
                    severity: severity(wire.severity_number, &wire.severity_text),
                    severity_text: cut(wire.severity_text, MAX_NAME_BYTES, trimmed),
                    body: attributes::body_text(wire.body, trimmed),
                    resource: resource.clone(),
                    scope: scope.clone(),
                    attributes,
                    trace_id: TraceId::from_bytes(&wire.trace_id).ok(),
                    span_id: SpanId::from_bytes(&wire.span_id).ok(),
                    event_name: cut(wire.event_name, MAX_NAME_BYTES, trimmed),
                };
                conversion.batch.logs.push(record);
            }
        }
    }
    conversion
}

/// Returns the time of the event and the time of its observation.
///
/// A missing event time is replaced by the observed time, and both by `now`.
fn times(record: &WireRecord, now: Timestamp) -> Result<(Timestamp, Timestamp), String> {
    let sent = |nanos: u64| (nanos != 0).then(|| timestamp::validated(nanos, now)).transpose();
    let observed = sent(record.observed_time_unix_nano)?;
    let time = sent(record.time_unix_nano)?.or(observed).unwrap_or(now);
    Ok((time, observed.unwrap_or(now)))
}

/// Returns the severity. The text is read if the sender gives no number.
fn severity(number: i32, text: &str) -> Severity {
    u8::try_from(number)
        .ok()
        .filter(|number| (1..=24).contains(number))
        .map(Severity)
        .or_else(|| Severity::from_name(text.trim()))
        .unwrap_or_default()
}
