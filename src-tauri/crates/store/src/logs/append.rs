//! Log records as columns of their table.

use model::LogRecord;

use crate::{
    StoreError,
    database::columns::{Columns, json, signed, span_ids, text, tiny, trace_ids, unsigned},
};

/// Builds the columns of records with consecutive ids from `first_id`. `resources` are the ids of
/// their resources.
pub(crate) fn log_columns(
    logs: &[&LogRecord],
    resources: Vec<u64>,
    first_id: i64,
) -> Result<Columns, StoreError> {
    Ok(vec![
        ("id", signed((first_id..).take(logs.len()).map(Some))),
        ("time", signed(logs.iter().map(|log| Some(log.time.0)))),
        ("observed_time", signed(logs.iter().map(|log| Some(log.observed_time.0)))),
        ("severity", tiny(logs.iter().map(|log| log.severity.0))),
        ("severity_text", text(logs.iter().map(|log| log.severity_text.as_str()))),
        ("service", text(logs.iter().map(|log| log.resource.service()))),
        ("resource_id", unsigned(resources.into_iter().map(Some))),
        ("scope_name", text(logs.iter().map(|log| log.scope.name.as_str()))),
        ("scope_version", text(logs.iter().map(|log| log.scope.version.as_str()))),
        ("body", text(logs.iter().map(|log| log.body.as_str()))),
        ("attributes", json(logs.iter().map(|log| &log.attributes))),
        ("trace_id", trace_ids(logs.iter().map(|log| log.trace_id))?),
        ("span_id", span_ids(logs.iter().map(|log| log.span_id))),
        ("event_name", text(logs.iter().map(|log| log.event_name.as_str()))),
    ])
}
