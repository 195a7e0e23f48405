//! One trace, or one span of it, on the terminal with all that is stored of it.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, bail};
use model::{Attributes, SpanRow, Trace, TraceId};
use serde_json::json;

use crate::{
    arguments::OneTraceArgs,
    connection::Connection,
    output::{line, local, milliseconds, printable, to_pretty_json},
};

/// Maximum number of spans that are read.
const MAX_SPANS: u32 = 100_000;

/// Prints a trace, or one span of it.
pub(crate) async fn show(data: &Path, arguments: OneTraceArgs) -> anyhow::Result<ExitCode> {
    let id: TraceId = arguments.trace.parse().context("this is no id of a trace")?;
    let connection = Connection::open(data).await?;
    let request = json!({"trace_id": id, "limit": MAX_SPANS});
    let found: anyhow::Result<Option<Trace>> = connection.request("trace", request).await;
    connection.close().await;
    let Some(mut trace) = found? else { bail!("no span of trace {id} is stored") };
    if let Some(span) = &arguments.span {
        trace.spans.retain(|row| row.span_id.to_string() == span.to_ascii_lowercase());
        let Some(row) = trace.spans.first() else { bail!("trace {id} has no span {span}") };
        if arguments.json {
            line(&to_pretty_json(row)?)?;
            return Ok(ExitCode::SUCCESS);
        }
    } else if arguments.json {
        line(&to_pretty_json(&trace)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let spans = match trace.summary.spans {
        1 => "1 span".to_owned(),
        count => format!("{count} spans"),
    };
    line(&format!("trace {id}, {spans}, {}", milliseconds(trace.summary.duration)))?;
    if trace.summary.spans as usize > trace.spans.len() && arguments.span.is_none() {
        line(&format!("only the first {} spans follow", trace.spans.len()))?;
    }
    trace.spans.iter().try_for_each(print_span)?;
    Ok(ExitCode::SUCCESS)
}

fn print_span(span: &SpanRow) -> anyhow::Result<()> {
    line("")?;
    line(&format!("{}  {}", printable(&span.service), printable(&span.name)))?;
    let status = [word(span.status)?, span.status_message.clone()];
    let status: Vec<&str> = status.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let scope = format!("{} {}", span.scope, span.scope_version);
    let parent = span.parent_span_id.map_or_else(String::new, |parent| parent.to_string());
    let flags = if span.flags == 0 { String::new() } else { span.flags.to_string() };
    for (name, value) in [
        ("span", span.span_id.to_string()),
        ("parent", parent),
        ("kind", word(span.kind)?),
        ("start", local(span.start)),
        ("offset", milliseconds(span.offset)),
        ("duration", milliseconds(span.duration)),
        ("status", status.join(": ")),
        ("scope", scope.trim().to_owned()),
        ("trace state", span.trace_state.clone()),
        ("flags", flags),
    ] {
        if !value.is_empty() {
            line(&format!("  {name}: {}", printable(&value)))?;
        }
    }
    print_attributes("attributes", &span.attributes)?;
    for event in &span.events {
        let offset = milliseconds(event.time.since(span.start));
        print_attributes(&format!("event {} at {offset}", printable(&event.name)), &event.attributes)?;
    }
    for link in &span.links {
        print_attributes(&format!("link {} {}", link.trace_id, link.span_id), &link.attributes)?;
    }
    print_attributes("resource", &span.resource)
}

/// Prints attributes under a title. Attributes and a resource without any are not printed.
fn print_attributes(title: &str, attributes: &Attributes) -> anyhow::Result<()> {
    if attributes.0.is_empty() && !title.contains(' ') {
        return Ok(());
    }
    line(&format!("  {title}"))?;
    attributes.0.iter().try_for_each(|(key, value)| {
        line(&format!("    {} = {}", printable(key), printable(&value.to_string())))
    })
}

/// Returns the name of a kind or status in answers.
fn word(value: impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_value(value)?.as_str().unwrap_or_default().to_owned())
}
