//! Remote write requests (version 1.0), made once and sent to every contender.

use anyhow::Result;
use prost::Message;
use test_support::write_request::{Label, Sample, TimeSeries, WriteRequest};

use super::{hosts::Host, recording::Recorded};

/// Milliseconds between two scrapes.
pub(crate) const SPACING: i64 = 15_000;

/// Requests of one connection.
pub(crate) struct Payload {
    /// Snappy-compressed requests, in time order.
    pub(crate) requests: Vec<bytes::Bytes>,
    /// Samples in all requests.
    pub(crate) samples: u64,
}

/// Encodes the scrapes of a host, one request each, as an agent on that host sends them.
pub(crate) fn payload(recorded: &[Recorded], host: &Host, steps: usize, first: i64) -> Result<Payload> {
    let mut encoder = snap::raw::Encoder::new();
    let mut values: Vec<_> = recorded.iter().map(|series| host.values(series, steps)).collect();
    let series = recorded
        .iter()
        .map(|series| TimeSeries {
            labels: labels(series, host),
            samples: vec![Sample { value: 0.0, timestamp: 0 }],
            ..TimeSeries::default()
        })
        .collect();
    let mut request = WriteRequest { series, ..WriteRequest::default() };
    let mut requests = Vec::with_capacity(steps);
    for step in 0..steps {
        // No two agents scrape at the same millisecond.
        let timestamp = first + step as i64 * SPACING + (host.number as i64 * 131) % SPACING;
        for (values, written) in values.iter_mut().zip(&mut request.series) {
            let value = values.next().unwrap_or_default();
            written.samples[0] = Sample { value, timestamp };
        }
        requests.push(encoder.compress_vec(&request.encode_to_vec())?.into());
    }
    Ok(Payload { requests, samples: (recorded.len() * steps) as u64 })
}

fn labels(series: &Recorded, host: &Host) -> Vec<Label> {
    let mut labels = series.labels.clone();
    labels.push(("instance".to_owned(), format!("host-{:03}:9100", host.number)));
    labels.push(("job".to_owned(), "node".to_owned()));
    labels.sort();
    labels.into_iter().map(|(name, value)| Label { name, value }).collect()
}
