//! Conversion of OTLP metrics to series with samples, histogram points and exemplars.

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

use super::{
    attributes::{self, MAX_NAME_BYTES, cut},
    buckets::{self, no_explicit, no_exponential},
    conversion::Conversion,
    faults::Faults,
};
use crate::timestamp;

/// Converts a request that arrived at `now`.
pub fn convert(request: ExportMetricsServiceRequest, now: Timestamp) -> Conversion {
    convert_read(request, Faults::default(), now)
}

/// Converts a request that was read with `faults` at `now`.
pub(super) fn convert_read(
    request: ExportMetricsServiceRequest,
    faults: Faults,
    now: Timestamp,
) -> Conversion {
    let mut conversion = Conversion::new(faults);
    let mut described = HashSet::new();
    for (group_index, group) in request.resource_metrics.into_iter().enumerate() {
        let resource = attributes::resource(group.resource, &mut conversion.trimmed);
        for (scope_index, scoped) in group.scope_metrics.into_iter().enumerate() {
            let (scope, scope_attributes) = attributes::scope(scoped.scope, &mut conversion.trimmed);
            for (index, metric) in scoped.metrics.into_iter().enumerate() {
                let position = format_args!(
                    "resource_metrics[{group_index}].scope_metrics[{scope_index}].metrics[{index}]"
                );
                let mut points = Points {
                    conversion: &mut conversion,
                    described: &mut described,
                    position,
                    indices: [group_index, scope_index, index],
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

/// Returns the series of a metric without the attributes of a point.
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

/// The conversion of the points of one metric.
struct Points<'a> {
    conversion: &'a mut Conversion,
    described: &'a mut HashSet<SeriesId>,
    position: fmt::Arguments<'a>,
    indices: [usize; 3],
    name: &'a str,
    template: Series,
    scope_attributes: &'a Attributes,
    now: Timestamp,
}

impl Points<'_> {
    fn convert(&mut self, metric: Metric) {
        let trimmed = &mut self.conversion.trimmed;
        self.template.description = cut(metric.description, MAX_NAME_BYTES, trimmed);
        self.template.unit = cut(metric.unit, MAX_NAME_BYTES, trimmed);
        let problem = match (self.conversion.fault(&self.indices), metric.name.len()) {
            (Some(fault), _) => Some(fault.to_owned()),
            (None, 0) => Some("metric without a name".to_owned()),
            // Cutting the name would mix different metrics.
            (None, 1..=MAX_NAME_BYTES) => None,
            (None, length) => Some(format!("metric name has {length} bytes, more than {MAX_NAME_BYTES}")),
        };
        if let Some(problem) = problem {
            // A metric without points is rejected too, so that the sender learns of it.
            for _ in 0..point_count(metric.data.as_ref()).max(1) {
                self.conversion.reject(self.position, &problem);
            }
            return;
        }
        match metric.data {
            Some(Data::Gauge(gauge)) => self.numbers(gauge.data_points),
            Some(Data::Sum(sum)) => self.numbers(sum.data_points),
            Some(Data::Histogram(histogram)) => {
                for (index, point) in histogram.data_points.into_iter().enumerate() {
                    let times = (point.time_unix_nano, point.start_time_unix_nano);
                    let converted = if has_value(point.flags) {
                        buckets::explicit(point.count, point.bucket_counts, point.explicit_bounds).map(
                            |buckets| HistogramPoint {
                                count: point.count,
                                sum: point.sum,
                                min: point.min,
                                max: point.max,
                                ..empty_point(buckets)
                            },
                        )
                    } else {
                        Ok(stale_point(no_explicit()))
                    };
                    self.histogram(index, times, point.attributes, point.exemplars, converted);
                }
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                for (index, mut point) in histogram.data_points.into_iter().enumerate() {
                    let times = (point.time_unix_nano, point.start_time_unix_nano);
                    let converted = if has_value(point.flags) {
                        buckets::exponential(&mut point).map(|buckets| HistogramPoint {
                            count: point.count,
                            sum: point.sum,
                            min: point.min,
                            max: point.max,
                            ..empty_point(buckets)
                        })
                    } else {
                        Ok(stale_point(no_exponential()))
                    };
                    self.histogram(index, times, point.attributes, point.exemplars, converted);
                }
            }
            Some(Data::Summary(summary)) => {
                for (index, point) in summary.data_points.into_iter().enumerate() {
                    let times = (point.time_unix_nano, point.start_time_unix_nano);
                    let converted = if has_value(point.flags) {
                        buckets::quantiles(&point.quantile_values).map(|buckets| HistogramPoint {
                            count: point.count,
                            sum: Some(point.sum),
                            ..empty_point(buckets)
                        })
                    } else {
                        Ok(stale_point(Buckets::Quantiles(Vec::new())))
                    };
                    self.histogram(index, times, point.attributes, Vec::new(), converted);
                }
            }
            None => self.conversion.warn(self.position, format_args!("metric {:?} has no data", self.name)),
        }
    }

    fn numbers(&mut self, points: Vec<NumberDataPoint>) {
        for (index, point) in points.into_iter().enumerate() {
            if self.reject_faulty(index) {
                continue;
            }
            let value = match point.value {
                _ if !has_value(point.flags) => STALE,
                Some(number_data_point::Value::AsDouble(value)) => value,
                Some(number_data_point::Value::AsInt(value)) => self.nearest(index, value),
                None => {
                    self.reject(index, "point has no value");
                    continue;
                }
            };
            match timestamp::validated(point.time_unix_nano, self.now) {
                Ok(time) => {
                    let series = self.series(point.attributes);
                    let start_time = timestamp::optional(point.start_time_unix_nano);
                    self.conversion.batch.samples.push(Sample { series, time, start_time, value });
                    self.exemplars(series, time, point.exemplars);
                }
                Err(reason) => self.reject(index, reason),
            }
        }
    }

    /// Returns the double nearest to a whole number, with a warning if they differ.
    fn nearest(&mut self, index: usize, value: i64) -> f64 {
        let nearest = value as f64;
        if nearest as i128 != i128::from(value) {
            let (position, name) = (self.position, self.name);
            let reason = format_args!("{value} is stored as the nearest double, {nearest}");
            self.conversion.warn(format_args!("{position}.data_points[{index}] of {name:?}"), reason);
        }
        nearest
    }

    fn histogram(
        &mut self,
        index: usize,
        (nanos, start_nanos): (u64, u64),
        attributes: Vec<KeyValue>,
        exemplars: Vec<WireExemplar>,
        point: Result<HistogramPoint, String>,
    ) {
        if self.reject_faulty(index) {
            return;
        }
        match point.and_then(|point| Ok((timestamp::validated(nanos, self.now)?, point))) {
            Ok((time, point)) => {
                let series = self.series(attributes);
                self.conversion.batch.histograms.push(HistogramPoint {
                    series,
                    time,
                    start_time: timestamp::optional(start_nanos),
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
                time: timestamp::validated(exemplar.time_unix_nano, self.now).unwrap_or(time),
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

    /// Returns the id of the series with these attributes. Adds its descriptor once per request.
    fn series(&mut self, pairs: Vec<KeyValue>) -> SeriesId {
        let attributes = attributes::with_scope(pairs, self.scope_attributes, &mut self.conversion.trimmed);
        let series = Series { attributes, ..self.template.clone() };
        let id = series.id();
        if self.described.insert(id) {
            self.conversion.batch.series.push((id, series));
        }
        id
    }

    /// Rejects a point that was read with a fault, and returns whether it was.
    fn reject_faulty(&mut self, index: usize) -> bool {
        let [group, scope, metric] = self.indices;
        let fault = self.conversion.fault(&[group, scope, metric, index]).map(str::to_owned);
        fault.map(|fault| self.reject(index, fault)).is_some()
    }

    fn reject(&mut self, index: usize, reason: impl Display) {
        let (position, name) = (self.position, self.name);
        self.conversion.reject(format_args!("{position}.data_points[{index}] of {name:?}"), reason);
    }
}

/// Returns whether a point holds a value. A point without one marks the end of its series.
fn has_value(flags: u32) -> bool {
    flags & DataPointFlags::NoRecordedValueMask as u32 == 0
}

/// Returns a point that has only buckets.
fn empty_point(buckets: Buckets) -> HistogramPoint {
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

/// Returns a point that marks the end of its series.
fn stale_point(buckets: Buckets) -> HistogramPoint {
    HistogramPoint { sum: Some(STALE), ..empty_point(buckets) }
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
