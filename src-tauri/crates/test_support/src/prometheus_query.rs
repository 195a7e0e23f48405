//! Queries of a real Prometheus.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::prometheus_server::Prometheus;

/// Labels of a series.
pub type Labels = BTreeMap<String, String>;

/// Evaluates an expression every `step` seconds from `start` to `end` (in seconds since the epoch).
///
/// Returns the values of each series by time in seconds.
pub async fn query_range(
    prometheus: &Prometheus,
    expression: &str,
    start: i64,
    end: i64,
    step: i64,
) -> Result<BTreeMap<Labels, BTreeMap<i64, f64>>> {
    let base = format!("http://{}/api/v1/query_range", prometheus.address());
    let numbers = [start, end, step].map(|number| number.to_string());
    let url = reqwest::Url::parse_with_params(
        &base,
        [("query", expression), ("start", &numbers[0]), ("end", &numbers[1]), ("step", &numbers[2])],
    )?;
    let client = tls::http_client_builder().no_proxy().build()?;
    let answer: Value = client.get(url).send().await?.json().await?;
    ensure!(answer["status"] == "success", "{expression}: {answer}");
    let series = answer["data"]["result"].as_array().context("no result")?;
    series.iter().map(read_series).collect()
}

fn read_series(series: &Value) -> Result<(Labels, BTreeMap<i64, f64>)> {
    let labels = serde_json::from_value(series["metric"].clone())?;
    let values = series["values"].as_array().context("no values")?.iter().map(|point| {
        let time = point[0].as_f64().context("no time")?;
        Ok((time.round() as i64, point[1].as_str().context("no value")?.parse()?))
    });
    Ok((labels, values.collect::<Result<_>>()?))
}
