//! The values of a metric on the terminal.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use model::{
    MatchOperator, MetricCatalogRequest, MetricSummary, SeriesRequest, TagMatcher, TagSummary, TagsRequest,
    number_text,
};
use runtime::Clock;

use crate::{
    arguments::MetricArgs,
    connection::Connection,
    output::{line, local, printable, to_json},
};

/// Prints the values of a metric over time.
pub(crate) async fn query(data: &Path, arguments: MetricArgs) -> anyhow::Result<ExitCode> {
    let matchers = arguments.matchers.iter().map(|text| matcher(text)).collect::<Result<Vec<_>, _>>()?;
    let connection = Connection::open(data).await?;
    let request = SeriesRequest {
        metric: arguments.metric.clone(),
        matchers,
        aggregation: arguments.aggregation.0,
        group_by: arguments.group_by,
        range: arguments.last.until(Clock::system().now()),
        step: None,
        max_points: arguments.points.max(1),
        limit: 100,
    };
    let answer = connection.series(serde_json::to_value(request)?).await?;
    if arguments.json {
        line(&to_json(&answer)?)?;
    } else if answer.series.is_empty() {
        line(&explain_empty(&connection, &arguments.metric).await?)?;
    }
    connection.close().await;
    if !arguments.json {
        for series in &answer.series {
            let labels: Vec<String> =
                series.labels.iter().map(|(key, value)| format!("{key}={}", printable(value))).collect();
            // A bare 1 would look like a value.
            let unit = if answer.unit == "1" { "" } else { &answer.unit };
            line(&format!("# {} {{{}}} {unit}", arguments.metric, labels.join(", ")))?;
            for (time, value) in series.times.iter().zip(&series.values) {
                line(&format!("{}  {}", local(*time), number_text(*value)))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Explains an empty answer: the metric has no samples in the range, or does not exist.
async fn explain_empty(connection: &Connection, metric: &str) -> anyhow::Result<String> {
    let tags = TagsRequest { metric: metric.to_owned(), matchers: Vec::new() };
    let tags: Vec<TagSummary> = connection.request("metric_tags", serde_json::to_value(tags)?).await?;
    if !tags.is_empty() {
        return Ok(format!("no samples of {metric} in this range"));
    }
    let similar = MetricCatalogRequest { search: metric.to_owned(), matchers: Vec::new(), limit: 5 };
    let similar: Vec<MetricSummary> =
        connection.request("metric_catalog", serde_json::to_value(similar)?).await?;
    let names: Vec<_> = similar.iter().map(|summary| printable(&summary.name)).collect();
    Ok(match names.as_slice() {
        [] => format!("no metric is called {metric}"),
        names => format!("no metric is called {metric}; similar: {}", names.join(", ")),
    })
}

/// Parses `KEY=VALUE`, `KEY!=VALUE`, `KEY=~REGEX` or `KEY!~REGEX`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_parsed_with_all_four_operators() {
        let parse = |text| matcher(text).map(|tag| (tag.key, tag.operator, tag.value)).ok();
        assert_eq!(parse("a=b"), Some(("a".into(), MatchOperator::Equal, "b".into())));
        assert_eq!(parse("a!=b=c"), Some(("a".into(), MatchOperator::NotEqual, "b=c".into())));
        assert_eq!(parse("a=~^x$"), Some(("a".into(), MatchOperator::Regex, "^x$".into())));
        assert_eq!(parse("a!~x"), Some(("a".into(), MatchOperator::NotRegex, "x".into())));
        assert_eq!(parse("=b"), None);
        assert_eq!(parse("a"), None);
    }
}
