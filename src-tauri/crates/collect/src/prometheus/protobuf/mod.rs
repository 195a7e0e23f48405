//! The protobuf format: `io.prometheus.client.MetricFamily` messages, each with its length before it. The only
//! format that tells native histograms.

mod message;
mod native;

use std::mem;

use model::{Buckets, Timestamp, prometheus::FamilyKind};
use prost::Message;

use self::{
    message::{Exemplar, Histogram, LabelPair, Metric, MetricFamily, MetricType, Summary, Time},
    native::{is_native, read_native, whole},
};
use super::exposed::{
    ExposedExemplar, ExposedLabels, ExposedSample, Exposition, ExpositionError, MOST_LABELS, shown,
};

/// Buckets of all native histograms of a body together: a few bytes can ask for thousands of empty ones.
const MOST_BUCKETS: usize = 4_000_000;

/// Reads a whole body. `classic_too`: a histogram told both ways also keeps its classic buckets. A malformed
/// message, more than `most_samples` samples, or too many buckets are an error.
pub fn parse_protobuf(
    mut body: &[u8],
    most_samples: usize,
    classic_too: bool,
) -> Result<Exposition, ExpositionError> {
    let failed = |message: String| ExpositionError { line: 0, message };
    let mut exposition = Exposition::default();
    let mut buckets = 0;
    while !body.is_empty() {
        let family = MetricFamily::decode_length_delimited(&mut body)
            .map_err(|error| failed(format!("not a delimited MetricFamily: {error}")))?;
        let name = family.name.unwrap_or_default();
        if name.is_empty() {
            return Err(failed("a family without a name".to_owned()));
        }
        let kind = MetricType::try_from(family.kind.unwrap_or(0))
            .map_err(|_| failed(format!("{}: unknown type", shown(&name))))?;
        let family_kind = match kind {
            MetricType::Counter => FamilyKind::Counter,
            MetricType::Gauge => FamilyKind::Gauge,
            MetricType::Summary => FamilyKind::Summary,
            MetricType::Untyped => FamilyKind::Unknown,
            MetricType::Histogram => FamilyKind::Histogram,
            MetricType::GaugeHistogram => FamilyKind::GaugeHistogram,
        };
        exposition.kinds.insert(name.clone(), family_kind);
        if let Some(help) = family.help {
            exposition.help.insert(name.clone(), help);
        }
        if let Some(unit) = family.unit.filter(|unit| !unit.is_empty()) {
            exposition.units.insert(name.clone(), unit);
        }
        for metric in family.metric {
            let mut unfolding = Unfolding::new(&name, &metric, &mut exposition.samples);
            unfolding
                .unfold(metric, kind, classic_too)
                .map_err(|message| failed(format!("{}: {message}", shown(&name))))?;
            buckets += unfolding.buckets;
            if buckets > MOST_BUCKETS {
                return Err(failed(format!("native histograms with more than {MOST_BUCKETS} buckets")));
            }
            if exposition.samples.len() > most_samples {
                return Err(failed(format!("more than {most_samples} samples")));
            }
        }
    }
    Ok(exposition)
}

/// Turns one metric into the samples that the text formats have for it.
struct Unfolding<'a> {
    name: &'a str,
    labels: ExposedLabels,
    time: Option<Timestamp>,
    start_time: Option<Timestamp>,
    samples: &'a mut Vec<ExposedSample>,
    /// Buckets of native histograms.
    buckets: usize,
}

impl<'a> Unfolding<'a> {
    fn new(name: &'a str, metric: &Metric, samples: &'a mut Vec<ExposedSample>) -> Self {
        // Zero is how some libraries write that there is no time.
        let time = metric.timestamp_ms.filter(|millis| *millis != 0).map(Timestamp::from_millis);
        Self { name, labels: Vec::new(), time, start_time: None, samples, buckets: 0 }
    }

    fn unfold(&mut self, mut metric: Metric, kind: MetricType, classic_too: bool) -> Result<(), String> {
        self.labels = labels(mem::take(&mut metric.label))?;
        match (kind, metric) {
            (MetricType::Counter, Metric { counter: Some(counter), .. }) => {
                self.start_time = counter.created.map(time);
                let exemplars = exemplars(counter.exemplar)?;
                self.add("", None, counter.value.unwrap_or(0.0), exemplars);
            }
            (MetricType::Gauge, Metric { gauge: Some(number), .. })
            | (MetricType::Untyped, Metric { untyped: Some(number), .. }) => {
                self.add("", None, number.value.unwrap_or(0.0), Vec::new());
            }
            (MetricType::Summary, Metric { summary: Some(summary), .. }) => self.summary(summary),
            (
                MetricType::Histogram | MetricType::GaugeHistogram,
                Metric { histogram: Some(histogram), .. },
            ) => {
                self.start_time = histogram.created.clone().map(time);
                let native = is_native(&histogram);
                if native {
                    self.native(&histogram)?;
                }
                if !native || (classic_too && !histogram.bucket.is_empty()) {
                    self.classic(histogram)?;
                }
            }
            _ => return Err("a metric without the value of its type".to_owned()),
        }
        Ok(())
    }

    fn summary(&mut self, summary: Summary) {
        self.start_time = summary.created.map(time);
        for quantile in summary.quantile {
            let bound = go_float(quantile.quantile.unwrap_or(0.0));
            self.add("", Some(("quantile", bound)), quantile.value.unwrap_or(0.0), Vec::new());
        }
        self.add("_sum", None, summary.sample_sum.unwrap_or(0.0), Vec::new());
        self.add("_count", None, summary.sample_count.unwrap_or(0) as f64, Vec::new());
    }

    fn native(&mut self, histogram: &Histogram) -> Result<(), String> {
        let mut kept = Vec::new();
        let in_buckets = histogram.bucket.iter().filter_map(|bucket| bucket.exemplar.as_ref());
        for exemplar in histogram.exemplars.iter().chain(in_buckets) {
            kept.extend(exemplars(Some(exemplar.clone()))?);
        }
        let count = count_of(histogram.sample_count_float, histogram.sample_count);
        let mut count = whole(count)?;
        let native = read_native(histogram)?;
        if let Buckets::Exponential { zero_count, positive, negative, .. } = &native.buckets {
            self.buckets += positive.len() + negative.len();
            if native.rounded {
                // The whole is what its parts come to.
                count =
                    positive.iter().chain(negative).fold(*zero_count, |sum, one| sum.saturating_add(*one));
            }
        }
        self.add("", None, count as f64, kept);
        if let Some(sample) = self.samples.last_mut() {
            sample.native = Some(Box::new(native));
        }
        Ok(())
    }

    fn classic(&mut self, histogram: Histogram) -> Result<(), String> {
        let count = count_of(histogram.sample_count_float, histogram.sample_count);
        let mut has_infinite = false;
        for bucket in histogram.bucket {
            let bound = bucket.upper_bound.unwrap_or(0.0);
            has_infinite |= bound == f64::INFINITY;
            let cumulative = count_of(bucket.cumulative_count_float, bucket.cumulative_count);
            self.add("_bucket", Some(("le", go_float(bound))), cumulative, exemplars(bucket.exemplar)?);
        }
        if !has_infinite {
            self.add("_bucket", Some(("le", "+Inf".to_owned())), count, Vec::new());
        }
        self.add("_sum", None, histogram.sample_sum.unwrap_or(0.0), Vec::new());
        self.add("_count", None, count, Vec::new());
        Ok(())
    }

    fn add(
        &mut self,
        suffix: &str,
        bound: Option<(&str, String)>,
        value: f64,
        exemplars: Vec<ExposedExemplar>,
    ) {
        let mut labels = self.labels.clone();
        labels.extend(bound.map(|(name, value)| (name.to_owned(), value)));
        self.samples.push(ExposedSample {
            line: 0,
            name: format!("{}{suffix}", self.name),
            labels,
            value,
            native: None,
            time: self.time,
            start_time: self.start_time,
            exemplars,
        });
    }
}

fn count_of(fraction: Option<f64>, whole: Option<u64>) -> f64 {
    fraction.filter(|count| *count > 0.0).unwrap_or(whole.unwrap_or(0) as f64)
}

fn labels(pairs: Vec<LabelPair>) -> Result<ExposedLabels, String> {
    if pairs.len() > MOST_LABELS {
        return Err(format!("more than {MOST_LABELS} labels"));
    }
    let mut labels: ExposedLabels = Vec::with_capacity(pairs.len());
    for mut pair in pairs {
        let name = mem::take(&mut pair.name).unwrap_or_default();
        if name.is_empty() {
            return Err("a label without a name".to_owned());
        }
        if labels.iter().any(|(known, _)| *known == name) {
            return Err(format!("label {} stands twice", shown(&name)));
        }
        labels.push((name, pair.value.unwrap_or_default()));
    }
    Ok(labels)
}

fn exemplars(exemplar: Option<Exemplar>) -> Result<Vec<ExposedExemplar>, String> {
    let read = exemplar.map(|exemplar| {
        Ok::<_, String>(ExposedExemplar {
            labels: labels(exemplar.label)?,
            value: exemplar.value.unwrap_or(0.0),
            time: exemplar.timestamp.map(time),
        })
    });
    Ok(read.transpose()?.into_iter().collect())
}

fn time(time: Time) -> Timestamp {
    Timestamp(time.seconds.saturating_mul(model::NANOS_PER_SECOND)).offset(i64::from(time.nanos))
}

/// A bound as Prometheus writes it in a label: shortest digits, an exponent from 1e+06 and below 1e-04, and always
/// a point or an exponent.
fn go_float(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific.as_str(), "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = format!("{number}");
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}

#[cfg(test)]
mod tests;
