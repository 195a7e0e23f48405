//! The protobuf format: length-delimited `io.prometheus.client.MetricFamily` messages. The only
//! scrape format with native histograms.

mod message;
mod native;

use std::mem;

use model::{Buckets, Timestamp};
use prost::Message;

use self::{
    message::{Exemplar, Histogram, LabelPair, Metric, MetricFamily, MetricType, Summary, Time},
    native::{either, is_native, read_native},
};
use crate::{
    cached_resolutions::CachedResolutions,
    exposition::{
        ExposedExemplar, ExposedLabels, ExposedNativeHistogram, ExposedSample, Exposition, ExpositionError,
        MAX_LABELS, excerpt,
    },
    family::FamilyKind,
    native_histogram::NativeHistogramError,
    reading::{ReadSample, Reading, hash_of},
};

/// Buckets of all native histograms of a body together: a few bytes can declare thousands of empty
/// ones.
const MAX_BUCKETS: usize = 4_000_000;

/// Parses a whole body. With `include_classic`, a histogram in both forms yields its classic
/// buckets as well. Errors: a malformed message, more than `max_samples` samples, too many buckets.
pub fn parse_protobuf(
    mut body: &[u8],
    max_samples: usize,
    include_classic: bool,
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
            .map_err(|_| failed(format!("{}: unknown type", excerpt(&name))))?;
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
            let mut expansion = Expansion::new(&name, &metric, &mut exposition.samples);
            expansion
                .expand(metric, kind, include_classic)
                .map_err(|message| failed(format!("{}: {message}", excerpt(&name))))?;
            buckets += expansion.buckets;
            if buckets > MAX_BUCKETS {
                return Err(failed(format!("native histograms with more than {MAX_BUCKETS} buckets")));
            }
            if exposition.samples.len() > max_samples {
                return Err(failed(format!("more than {max_samples} samples")));
            }
        }
    }
    Ok(exposition)
}

/// Reads a whole body like [`parse_protobuf`], with the resolutions that `cache` has.
pub(crate) fn read_protobuf(
    body: &[u8],
    max_samples: usize,
    include_classic: bool,
    cache: &CachedResolutions,
) -> Result<Reading, ExpositionError> {
    let mut families = parse_protobuf(body, max_samples, include_classic)?;
    let samples = mem::take(&mut families.samples).into_iter().map(|sample| {
        let text = hash_of(&sample);
        let cached = cache.get(text).filter(|cached| cached.accepts(sample.value));
        ReadSample { sample, text: Some(text), cached }
    });
    let samples = samples.collect();
    let mut reading = Reading { families, samples, ..Reading::default() };
    let families = &reading.families;
    let mut names: Vec<&String> = families.kinds.keys().collect();
    names.sort_unstable();
    reading.declarations.add(&[b"protobuf"]);
    for name in names {
        let kind = families.kinds.get(name).map_or(0, |kind| *kind as u8);
        let help = families.help.get(name).map_or("", String::as_str);
        let unit = families.units.get(name).map_or("", String::as_str);
        reading.declarations.add(&[name.as_bytes(), &[kind], help.as_bytes(), unit.as_bytes()]);
    }
    Ok(reading)
}

/// The expansion of one metric into the samples that it has in the text formats.
struct Expansion<'a> {
    name: &'a str,
    labels: ExposedLabels,
    time: Option<Timestamp>,
    start_time: Option<Timestamp>,
    samples: &'a mut Vec<ExposedSample>,
    /// Buckets of native histograms.
    buckets: usize,
}

impl<'a> Expansion<'a> {
    fn new(name: &'a str, metric: &Metric, samples: &'a mut Vec<ExposedSample>) -> Self {
        // Some libraries write zero for a missing time.
        let time = metric.timestamp_ms.filter(|millis| *millis != 0).map(Timestamp::from_millis);
        Self { name, labels: Vec::new(), time, start_time: None, samples, buckets: 0 }
    }

    fn expand(&mut self, mut metric: Metric, kind: MetricType, include_classic: bool) -> Result<(), String> {
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
                if !native || (include_classic && !histogram.bucket.is_empty()) {
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
            let bound = format_bound(quantile.quantile.unwrap_or(0.0));
            self.add("", Some(("quantile", bound)), quantile.value.unwrap_or(0.0), Vec::new());
        }
        self.add("_sum", None, summary.sample_sum.unwrap_or(0.0), Vec::new());
        self.add("_count", None, summary.sample_count.unwrap_or(0) as f64, Vec::new());
    }

    fn native(&mut self, histogram: &Histogram) -> Result<(), String> {
        let mut stored = Vec::new();
        let in_buckets = histogram.bucket.iter().filter_map(|bucket| bucket.exemplar.as_ref());
        for exemplar in histogram.exemplars.iter().chain(in_buckets) {
            stored.extend(exemplars(Some(exemplar.clone()))?);
        }
        let native = read_native(histogram);
        if native.has_custom_bounds() {
            return Err(NativeHistogramError::UnknownSchema(native.schema).to_string());
        }
        let decoded = native.decode().map_err(|error| error.to_string())?;
        if let Buckets::Exponential { positive, negative, .. } = &decoded.buckets {
            self.buckets += positive.len() + negative.len();
        }
        self.add("", None, decoded.count as f64, stored);
        if let Some(sample) = self.samples.last_mut() {
            sample.native = Some(Box::new(ExposedNativeHistogram {
                buckets: decoded.buckets,
                sum: native.sum,
                rounded: native.has_fractions(),
            }));
        }
        Ok(())
    }

    fn classic(&mut self, histogram: Histogram) -> Result<(), String> {
        let count = either(histogram.sample_count_float, histogram.sample_count);
        let mut has_infinite = false;
        for bucket in histogram.bucket {
            let bound = bucket.upper_bound.unwrap_or(0.0);
            has_infinite |= bound == f64::INFINITY;
            let cumulative = either(bucket.cumulative_count_float, bucket.cumulative_count);
            self.add("_bucket", Some(("le", format_bound(bound))), cumulative, exemplars(bucket.exemplar)?);
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

fn labels(pairs: Vec<LabelPair>) -> Result<ExposedLabels, String> {
    if pairs.len() > MAX_LABELS {
        return Err(format!("more than {MAX_LABELS} labels"));
    }
    let mut labels: ExposedLabels = Vec::with_capacity(pairs.len());
    for mut pair in pairs {
        let name = mem::take(&mut pair.name).unwrap_or_default();
        if name.is_empty() {
            return Err("a label without a name".to_owned());
        }
        if labels.iter().any(|(other, _)| *other == name) {
            return Err(format!("label {} occurs twice", excerpt(&name)));
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

/// Formats a bound as Prometheus writes it in a label: shortest digits, an exponent from 1e+06 and
/// below 1e-04, and always a point or an exponent.
fn format_bound(number: f64) -> String {
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
