//! Queries of log records and traces.

use model::{
    FieldOperator, Filter, LogCountRequest, LogCounts, LogPage, LogsRequest, MatchOperator, TagMatcher,
    TimeRange, TracePage, TracesRequest,
};
use store::Snapshot;

use crate::{
    QueryError,
    regular_expression::check_regex,
    search::{self, Language, describe},
};

/// Returns a page of log records that match a search, newest first.
pub async fn logs(snapshot: &Snapshot, request: &LogsRequest) -> Result<LogPage, QueryError> {
    let filter = log_filter(&request.query, &request.matchers)?;
    checked(request.range)?;
    let (lines, cursor) =
        snapshot.logs().search(&filter, request.range, request.limit, request.cursor.as_deref()).await?;
    Ok(LogPage { lines, cursor, understood: describe::describe_in(&filter, Language::Logs) })
}

/// Counts the log records that match a search, per step and severity.
pub async fn log_counts(snapshot: &Snapshot, request: &LogCountRequest) -> Result<LogCounts, QueryError> {
    let filter = log_filter(&request.query, &request.matchers)?;
    let range = checked(request.range)?;
    Ok(snapshot.logs().count(&filter, range, range.step_for(request.max_points)).await?)
}

/// Returns traces with a span that matches a search.
pub async fn traces(snapshot: &Snapshot, request: &TracesRequest) -> Result<TracePage, QueryError> {
    let mut filter = search::parse_trace_search(&request.query)?;
    let range = checked(request.range)?;
    let field = |key: &str, operator, value: String| Filter::Field { key: key.to_owned(), operator, value };
    if let Some(nanos) = request.min_duration {
        filter = filter.and(field("duration", FieldOperator::GreaterOrEqual, nanos.to_string()));
    }
    if let Some(nanos) = request.max_duration {
        filter = filter.and(field("duration", FieldOperator::LessOrEqual, nanos.to_string()));
    }
    if request.only_errors {
        filter = filter.and(field("status", FieldOperator::Equal, "error".to_owned()));
    }
    filter = narrowed(filter, &request.matchers)?;
    let (traces, more) = snapshot.traces().search(&filter, range, request.order, request.limit).await?;
    Ok(TracePage { traces, more, understood: describe::describe_in(&filter, Language::Traces) })
}

fn log_filter(query: &str, matchers: &[TagMatcher]) -> Result<Filter, QueryError> {
    narrowed(search::parse_log_search(query)?, matchers)
}

/// Adds matchers to a filter.
fn narrowed(filter: Filter, matchers: &[TagMatcher]) -> Result<Filter, QueryError> {
    matchers.iter().try_fold(filter, |filter, matcher| Ok(filter.and(condition(matcher)?)))
}

/// Converts a matcher. A missing tag equals the empty text, as in Prometheus.
fn condition(matcher: &TagMatcher) -> Result<Filter, QueryError> {
    let exists =
        Filter::Field { key: matcher.key.clone(), operator: FieldOperator::Exists, value: String::new() };
    Ok(match matcher.operator {
        MatchOperator::Equal if matcher.value.is_empty() => Filter::Not { of: Box::new(exists) },
        MatchOperator::NotEqual if matcher.value.is_empty() => exists,
        MatchOperator::Regex | MatchOperator::NotRegex => {
            check_regex(&matcher.value)
                .map_err(|reason| QueryError::Invalid(format!("filter on {}: {reason}", matcher.key)))?;
            Filter::from(matcher)
        }
        MatchOperator::Equal | MatchOperator::NotEqual => Filter::from(matcher),
    })
}

/// Returns the range. Fails if it is empty.
fn checked(range: TimeRange) -> Result<TimeRange, QueryError> {
    if range.length() == 0 {
        return Err(QueryError::Invalid("the time range ends before it starts".into()));
    }
    Ok(range)
}
