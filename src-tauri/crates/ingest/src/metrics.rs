//! OTLP metrics to series with samples, histogram points and exemplars.

use std::{
    collections::HashSet,
    fmt::{self, Display},
    sync::Arc,
};

use model::{
    Attributes, Buckets, Exemplar, HistogramPoint, MetricKind, Resource, STALE, Sample, Scope, Series,
    SeriesId, Temporality, Timestamp,
};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, DataPointFlags, Exemplar as WireExemplar, Metric, NumberDataPoint, exemplar,
        metric::Data, number_data_point,
    },
};

use crate::{
    attributes::{self, MAX_NAME_BYTES, MAX_VALUE_BYTES, cut},
    buckets, clock,
    conversion::Conversion,
};

/// Converts a request at the time `now`.
pub fn convert(request: ExportMetricsServiceRequest, now: Timestamp) -> Conversion {
    let mut conversion = Conversion::default();
    let mut known = HashSet::new();
    for (group_index, group) in request.resource_metrics.into_iter().enumerate() {
        let resource = attributes::resource(group.resource, &mut conversion.trimmed);
        for (scope_index, scoped) in group.scope_metrics.into_iter().enumerate() {
            let (scope, scope_attributes) = attributes::scope(scoped.scope, &mut conversion.trimmed);
            for (index, metric) in scoped.metrics.into_iter().enumerate() {
                let place = format_args!(
                    "resource_metrics[{group_index}].scope_metrics[{scope_index}].metrics[{index}]"
                );
                let mut points = Points {
                    conversion: &mut conversion,
                    known: &mut known,
                    place,
                    name: &metric.name.clone(),
                    template: template(&metric, &resource, &scope),
                    scope_attributes: &scope_attributes,
                    now,
                };
                points.convert(metric);
            }
        }
    }
    conversion
}

/// The series of a metric before its points' attributes are known.
fn template(metric: &Metric, resource: &Arc<Resource>, scope: &Arc<Scope>) -> Series {
    let (kind, temporality, monotonic) = match &metric.data {
        Some(Data::Sum(sum)) => {
            (MetricKind::Counter, temporality(sum.aggregation_temporality), sum.is_monotonic)
        }
        Some(Data::Histogram(histogram)) => {
            (MetricKind::Histogram, temporality(histogram.aggregation_temporality), false)
        }
        Some(Data::ExponentialHistogram(histogram)) => {
            (MetricKind::ExponentialHistogram, temporality(histogram.aggregation_temporality), false)
        }
        Some(Data::Summary(_)) => (MetricKind::Summary, Temporality::Unspecified, false),
        Some(Data::Gauge(_)) | None => (MetricKind::Gauge, Temporality::Unspecified, false),
    };
    Series {
        kind,
        temporality,
        monotonic,
        scope: scope.clone(),
        ..Series::gauge(&metric.name, &metric.unit, resource.clone(), Attributes::new())
    }
}

fn temporality(number: i32) -> Temporality {
    match AggregationTemporality::try_from(number) {
        Ok(AggregationTemporality::Delta) => Temporality::Delta,
        Ok(AggregationTemporality::Cumulative) => Temporality::Cumulative,
        Ok(AggregationTemporality::Unspecified) | Err(_) => Temporality::Unspecified,
    }
}

/// Collects the points of one metric.
struct Points<'a> {
    conversion: &'a mut Conversion,
    known: &'a mut HashSet<SeriesId>,
    place: fmt::Arguments<'a>,
    name: &'a str,
    template: Series,
    scope_attributes: &'a Attributes,
    now: Timestamp,
}

impl Points<'_> {
    fn convert(&mut self, metric: Metric) {
        let trimmed = &mut self.conversion.trimmed;
        self.template.description = cut(metric.description, MAX_VALUE_BYTES, trimmed);
        self.template.unit = cut(metric.unit, MAX_NAME_BYTES, trimmed);
        let problem = match metric.name.len() {
            0 => Some("metric without a name".to_owned()),
            // Cutting the name would mix different metrics.
            1..=MAX_NAME_BYTES => None,
            length => Some(format!("metric name has {length} bytes, more than {MAX_NAME_BYTES}")),
        };
        if let Some(problem) = problem {
            // Even a metric without points is refused then, so that the sender learns of it.
            for _ in 0..point_count(metric.data.as_ref()).max(1) {
                self.conversion.reject(self.place, &problem);
            }
            return;
        }
        match metric.data {
            Some(Data::Gauge(gauge)) => self.numbers(gauge.data_points),
            Some(Data::Sum(sum)) => self.numbers(sum.data_points),
            Some(Data::Histogram(histogram)) => {
                for (index, point) in histogram.data_points.into_iter().enumerate() {
                    let head = (point.time_unix_nano, point.start_time_unix_nano);
                    let converted = if recorded(point.flags) {
                        buckets::explicit(point.count, point.bucket_counts, point.explicit_bounds).map(
                            |buckets| HistogramPoint {
                                count: point.count,
                                sum: point.sum,
                                min: point.min,
                                max: point.max,
                                ..blank(buckets)
                            },
                        )
                    } else {
                        Ok(ended(buckets::none_explicit()))
                    };
                    self.histogram(index, head, point.attributes, point.exemplars, converted);
                }
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                for (index, point) in histogram.data_points.into_iter().enumerate() {
                    let head = (point.time_unix_nano, point.start_time_unix_nano);
                    let converted = if recorded(point.flags) {
                        buckets::exponential(&point).map(|buckets| HistogramPoint {
                            count: point.count,
                            sum: point.sum,
                            min: point.min,
                            max: point.max,
                            ..blank(buckets)
                        })
                    } else {
                        Ok(ended(buckets::none_exponential()))
                    };
                    self.histogram(index, head, point.attributes, point.exemplars, converted);
                }
            }
            Some(Data::Summary(summary)) => {
                for (index, point) in summary.data_points.into_iter().enumerate() {
                    let head = (point.time_unix_nano, point.start_time_unix_nano);
                    let converted = if recorded(point.flags) {
                        buckets::quantiles(&point.quantile_values).map(|buckets| HistogramPoint {
                            count: point.count,
                            sum: Some(point.sum),
                            ..blank(buckets)
                        })
                    } else {
                        Ok(ended(Buckets::Quantiles(Vec::new())))
                    };
                    self.histogram(index, head, point.attributes, Vec::new(), converted);
                }
            }
            None => self.conversion.warn(self.place, format_args!("metric {:?} has no data", self.name)),
        }
    }

    fn numbers(&mut self, points: Vec<NumberDataPoint>) {
        for (index, point) in points.into_iter().enumerate() {
            let value = match point.value {
                _ if !recorded(point.flags) => STALE,
                Some(number_data_point::Value::AsDouble(value)) => value,
                Some(number_data_point::Value::AsInt(value)) => value as f64,
                None => {
                    self.reject(index, "point has no value");
                    continue;
                }
            };
            match clock::believable(point.time_unix_nano, self.now) {
                Ok(time) => {
                    let series = self.series(point.attributes);
                    let start_time = clock::optional(point.start_time_unix_nano);
                    self.conversion.batch.samples.push(Sample { series, time, start_time, value });
                    self.exemplars(series, time, point.exemplars);
                }
                Err(reason) => self.reject(index, reason),
            }
        }
    }

    fn histogram(
        &mut self,
        index: usize,
        (nanos, start_nanos): (u64, u64),
        attributes: Vec<KeyValue>,
        exemplars: Vec<WireExemplar>,
        point: Result<HistogramPoint, String>,
    ) {
        match point.and_then(|point| Ok((clock::believable(nanos, self.now)?, point))) {
            Ok((time, point)) => {
                let series = self.series(attributes);
                self.conversion.batch.histograms.push(HistogramPoint {
                    series,
                    time,
                    start_time: clock::optional(start_nanos),
                    ..point
                });
                self.exemplars(series, time, exemplars);
            }
            Err(reason) => self.reject(index, reason),
        }
    }

    fn exemplars(&mut self, series: SeriesId, time: Timestamp, exemplars: Vec<WireExemplar>) {
        for exemplar in exemplars {
            let value = match exemplar.value {
                Some(exemplar::Value::AsDouble(value)) => value,
                Some(exemplar::Value::AsInt(value)) => value as f64,
                None => continue,
            };
            let converted = Exemplar {
                series,
                time: clock::believable(exemplar.time_unix_nano, self.now).unwrap_or(time),
                value,
                trace_id: model::TraceId::from_bytes(&exemplar.trace_id).ok(),
                span_id: model::SpanId::from_bytes(&exemplar.span_id).ok(),
                attributes: attributes::attributes(
                    exemplar.filtered_attributes,
                    &mut self.conversion.trimmed,
                ),
            };
            self.conversion.batch.exemplars.push(converted);
        }
    }

    /// The number of the series with these attributes; its descriptor is added once per request.
    fn series(&mut self, pairs: Vec<KeyValue>) -> SeriesId {
        let attributes = attributes::with_scope(pairs, self.scope_attributes, &mut self.conversion.trimmed);
        let series = Series { attributes, ..self.template.clone() };
        let id = series.id();
        if self.known.insert(id) {
            self.conversion.batch.series.push((id, series));
        }
        id
    }

    fn reject(&mut self, index: usize, reason: impl Display) {
        let (place, name) = (self.place, self.name);
        self.conversion.reject(format_args!("{place}.data_points[{index}] of {name:?}"), reason);
    }
}

/// Whether a point holds a value: senders mark the end of a series with a point that does not.
fn recorded(flags: u32) -> bool {
    flags & DataPointFlags::NoRecordedValueMask as u32 == 0
}

/// A point of which only the buckets are known yet.
fn blank(buckets: Buckets) -> HistogramPoint {
    HistogramPoint {
        series: SeriesId(0),
        time: Timestamp(0),
        start_time: None,
        count: 0,
        sum: None,
        min: None,
        max: None,
        buckets,
    }
}

/// A point that marks the end of its series.
fn ended(buckets: Buckets) -> HistogramPoint {
    HistogramPoint { sum: Some(STALE), ..blank(buckets) }
}

fn point_count(data: Option<&Data>) -> usize {
    match data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Summary(summary)) => summary.data_points.len(),
        None => 0,
    }
}
