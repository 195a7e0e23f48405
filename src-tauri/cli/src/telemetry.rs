//! Status, metrics, logs and traces on the terminal.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use engine::now;
use model::*;
use serde_json::json;

use crate::{
    arguments::{LogQuestion, MetricQuestion, TraceQuestion},
    connection::Connection,
    follow,
    output::{line, local, printable, table},
};

pub(crate) async fn status(data: &Path) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let status: EngineStatus = connection.ask("status", json!({})).await?;
    line(&format!(
        "{} {}",
        if connection.is_live() { "running" } else { "not running" },
        status.data_folder
    ))?;
    line(&format!("stored {} bytes", status.stored_bytes))?;
    line(&format!("alerts {} firing, {} pending", status.alerts.firing, status.alerts.pending))?;
    for notice in &status.diagnostics {
        line(&format!("{:?} {}: {}", notice.severity, printable(&notice.title), printable(&notice.detail)))?;
    }
    for listener in &status.listeners {
        line(&format!("listens {} {} {}", listener.protocol, listener.address, listener.message))?;
    }
    for part in status.components.iter().filter(|part| !part.message.is_empty()) {
        line(&format!("{:?} {}: {}", part.state, part.name, part.message))?;
    }
    connection.close().await;
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn query(data: &Path, question: MetricQuestion) -> anyhow::Result<ExitCode> {
    let matchers = question.matchers.iter().map(|text| matcher(text)).collect::<Result<Vec<_>, _>>()?;
    let connection = Connection::open(data).await?;
    let request = SeriesRequest {
        metric: question.metric.clone(),
        matchers,
        aggregation: question.aggregation.into(),
        group_by: question.group_by,
        range: question.last.until(now()),
        step: None,
        max_points: question.points.max(1),
        limit: 100,
    };
    let answer = connection.series(serde_json::to_value(request)?).await?;
    if question.json {
        line(&serde_json::to_string(&answer)?)?;
    } else if answer.series.is_empty() {
        line(&nothing_of(&connection, &question.metric).await?)?;
    }
    connection.close().await;
    if !question.json {
        for series in &answer.series {
            let labels: Vec<String> =
                series.labels.iter().map(|(key, value)| format!("{key}={}", printable(value))).collect();
            // A bare 1 would be taken for a value.
            let unit = if answer.unit == "1" { "" } else { &answer.unit };
            line(&format!("# {} {{{}}} {unit}", question.metric, labels.join(", ")))?;
            for (time, value) in series.times.iter().zip(&series.values) {
                line(&format!("{}  {value}", local(*time)))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Why there is nothing to show of a metric: it has no samples there, or nobody has heard of it.
async fn nothing_of(connection: &Connection, metric: &str) -> anyhow::Result<String> {
    let tags = TagsRequest { metric: metric.to_owned(), matchers: Vec::new() };
    let tags: Vec<TagSummary> = connection.ask("metric_tags", serde_json::to_value(tags)?).await?;
    if !tags.is_empty() {
        return Ok(format!("no samples of {metric} in this range"));
    }
    let alike = MetricCatalogRequest { search: metric.to_owned(), matchers: Vec::new(), limit: 5 };
    let alike: Vec<MetricSummary> = connection.ask("metric_catalog", serde_json::to_value(alike)?).await?;
    let names: Vec<_> = alike.iter().map(|summary| printable(&summary.name)).collect();
    Ok(match names.as_slice() {
        [] => format!("no metric is called {metric}"),
        names => format!("no metric is called {metric}; there are {}", names.join(", ")),
    })
}

/// Reads `KEY=VALUE` and its three relatives.
fn matcher(text: &str) -> anyhow::Result<TagMatcher> {
    for (sign, operator) in [
        ("!=", MatchOperator::NotEqual),
        ("=~", MatchOperator::Regex),
        ("!~", MatchOperator::NotRegex),
        ("=", MatchOperator::Equal),
    ] {
        if let Some((key, value)) = text.split_once(sign)
            && !key.is_empty()
            && !key.contains(['=', '!'])
        {
            return Ok(TagMatcher { key: key.to_owned(), operator, value: value.to_owned() });
        }
    }
    bail!("{text:?} is not KEY=VALUE, KEY!=VALUE, KEY=~REGEX or KEY!~REGEX")
}

pub(crate) async fn logs(data: &Path, question: LogQuestion) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    if question.follow && !connection.is_live() {
        connection.close().await;
        bail!("no engine runs on {}, so nothing new comes in", data.display());
    }
    let request = LogsRequest {
        query: question.search.clone(),
        matchers: Vec::new(),
        range: question.last.until(now()),
        limit: question.limit,
        cursor: None,
    };
    let page: LogPage = connection.ask("search_logs", serde_json::to_value(request)?).await?;
    for record in page.lines.iter().rev() {
        print_log(record, question.json)?;
    }
    if question.follow {
        follow::logs(&connection, &question.search, question.json).await?;
    }
    connection.close().await;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn print_log(record: &LogLine, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return line(&serde_json::to_string(record)?);
    }
    line(&format!(
        "{}  {:<5}  {}  {}",
        local(record.time),
        record.severity.name(),
        printable(&record.service),
        printable(&record.body)
    ))
}

pub(crate) async fn traces(data: &Path, question: TraceQuestion) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let request = TracesRequest {
        query: question.search,
        matchers: Vec::new(),
        range: question.last.until(now()),
        min_duration: None,
        max_duration: None,
        only_errors: question.errors,
        order: if question.slowest { TraceOrder::Slowest } else { TraceOrder::Newest },
        limit: question.limit,
    };
    let page: TracePage = connection.ask("search_traces", serde_json::to_value(request)?).await?;
    connection.close().await;
    if question.json {
        for trace in &page.traces {
            line(&serde_json::to_string(trace)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = page
        .traces
        .iter()
        .map(|trace| {
            vec![
                local(trace.start),
                format!("{:.1} ms", trace.duration as f64 / 1e6),
                trace.spans.to_string(),
                trace.errors.to_string(),
                printable(&trace.root_service),
                printable(&trace.root_name),
                trace.trace_id.to_string(),
            ]
        })
        .collect();
    table(&["start", "duration", "spans", "errors", "service", "operation", "trace"], &rows)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_with_all_four_signs() {
        let read = |text| matcher(text).map(|tag| (tag.key, tag.operator, tag.value)).ok();
        assert_eq!(read("a=b"), Some(("a".into(), MatchOperator::Equal, "b".into())));
        assert_eq!(read("a!=b=c"), Some(("a".into(), MatchOperator::NotEqual, "b=c".into())));
        assert_eq!(read("a=~^x$"), Some(("a".into(), MatchOperator::Regex, "^x$".into())));
        assert_eq!(read("a!~x"), Some(("a".into(), MatchOperator::NotRegex, "x".into())));
        assert_eq!(read("=b"), None);
        assert_eq!(read("a"), None);
    }
}
