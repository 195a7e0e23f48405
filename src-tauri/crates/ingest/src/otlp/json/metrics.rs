//! Decoding of requests with metrics.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{
        Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
        Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
        exponential_histogram_data_point::Buckets, metric::Data, number_data_point,
        summary_data_point::ValueAtQuantile,
    },
};
use serde_json::Value;

use super::{
    common::{key_value, resource, scope},
    fields::{Fields, JsonError, double, whole},
};

pub(in crate::otlp) fn metrics_request(value: &Value) -> Result<ExportMetricsServiceRequest, JsonError> {
    Ok(ExportMetricsServiceRequest {
        resource_metrics: Fields::of(value)?.list("resourceMetrics", resource_metrics)?,
    })
}

fn resource_metrics(value: &Value) -> Result<ResourceMetrics, JsonError> {
    let fields = Fields::of(value)?;
    Ok(ResourceMetrics {
        resource: fields.optional("resource", resource)?,
        scope_metrics: fields.list("scopeMetrics", scope_metrics)?,
        schema_url: fields.text("schemaUrl")?,
    })
}

fn scope_metrics(value: &Value) -> Result<ScopeMetrics, JsonError> {
    let fields = Fields::of(value)?;
    Ok(ScopeMetrics {
        scope: fields.optional("scope", scope)?,
        metrics: fields.list("metrics", metric)?,
        schema_url: fields.text("schemaUrl")?,
    })
}

fn metric(value: &Value) -> Result<Metric, JsonError> {
    let fields = Fields::of(value)?;
    let data = if let Some(gauge) = fields.optional("gauge", gauge)? {
        Some(Data::Gauge(gauge))
    } else if let Some(sum) = fields.optional("sum", sum)? {
        Some(Data::Sum(sum))
    } else if let Some(histogram) = fields.optional("histogram", histogram)? {
        Some(Data::Histogram(histogram))
    } else if let Some(histogram) = fields.optional("exponentialHistogram", exponential_histogram)? {
        Some(Data::ExponentialHistogram(histogram))
    } else {
        fields.optional("summary", summary)?.map(Data::Summary)
    };
    Ok(Metric {
        name: fields.text("name")?,
        description: fields.text("description")?,
        unit: fields.text("unit")?,
        metadata: fields.list("metadata", key_value)?,
        data,
    })
}

fn gauge(value: &Value) -> Result<Gauge, JsonError> {
    Ok(Gauge { data_points: Fields::of(value)?.list("dataPoints", number)? })
}

fn sum(value: &Value) -> Result<Sum, JsonError> {
    let fields = Fields::of(value)?;
    Ok(Sum {
        data_points: fields.list("dataPoints", number)?,
        aggregation_temporality: fields.whole("aggregationTemporality")?,
        is_monotonic: fields.flag("isMonotonic")?,
    })
}

fn histogram(value: &Value) -> Result<Histogram, JsonError> {
    let fields = Fields::of(value)?;
    Ok(Histogram {
        data_points: fields.list("dataPoints", histogram_point)?,
        aggregation_temporality: fields.whole("aggregationTemporality")?,
    })
}

fn exponential_histogram(value: &Value) -> Result<ExponentialHistogram, JsonError> {
    let fields = Fields::of(value)?;
    Ok(ExponentialHistogram {
        data_points: fields.list("dataPoints", exponential_point)?,
        aggregation_temporality: fields.whole("aggregationTemporality")?,
    })
}

fn summary(value: &Value) -> Result<Summary, JsonError> {
    Ok(Summary { data_points: Fields::of(value)?.list("dataPoints", summary_point)? })
}

fn number(value: &Value) -> Result<NumberDataPoint, JsonError> {
    let fields = Fields::of(value)?;
    let value = match fields.optional("asDouble", double)? {
        Some(value) => Some(number_data_point::Value::AsDouble(value)),
        None => fields.optional("asInt", whole)?.map(number_data_point::Value::AsInt),
    };
    Ok(NumberDataPoint {
        attributes: fields.list("attributes", key_value)?,
        start_time_unix_nano: fields.whole("startTimeUnixNano")?,
        time_unix_nano: fields.whole("timeUnixNano")?,
        exemplars: fields.list("exemplars", exemplar)?,
        flags: fields.whole("flags")?,
        value,
    })
}

fn histogram_point(value: &Value) -> Result<HistogramDataPoint, JsonError> {
    let fields = Fields::of(value)?;
    Ok(HistogramDataPoint {
        attributes: fields.list("attributes", key_value)?,
        start_time_unix_nano: fields.whole("startTimeUnixNano")?,
        time_unix_nano: fields.whole("timeUnixNano")?,
        count: fields.whole("count")?,
        sum: fields.optional("sum", double)?,
        bucket_counts: fields.list("bucketCounts", whole)?,
        explicit_bounds: fields.list("explicitBounds", double)?,
        exemplars: fields.list("exemplars", exemplar)?,
        flags: fields.whole("flags")?,
        min: fields.optional("min", double)?,
        max: fields.optional("max", double)?,
    })
}

fn exponential_point(value: &Value) -> Result<ExponentialHistogramDataPoint, JsonError> {
    let fields = Fields::of(value)?;
    Ok(ExponentialHistogramDataPoint {
        attributes: fields.list("attributes", key_value)?,
        start_time_unix_nano: fields.whole("startTimeUnixNano")?,
        time_unix_nano: fields.whole("timeUnixNano")?,
        count: fields.whole("count")?,
        sum: fields.optional("sum", double)?,
        scale: fields.whole("scale")?,
        zero_count: fields.whole("zeroCount")?,
        positive: fields.optional("positive", buckets)?,
        negative: fields.optional("negative", buckets)?,
        flags: fields.whole("flags")?,
        exemplars: fields.list("exemplars", exemplar)?,
        min: fields.optional("min", double)?,
        max: fields.optional("max", double)?,
        zero_threshold: fields.double("zeroThreshold")?,
    })
}

fn buckets(value: &Value) -> Result<Buckets, JsonError> {
    let fields = Fields::of(value)?;
    Ok(Buckets { offset: fields.whole("offset")?, bucket_counts: fields.list("bucketCounts", whole)? })
}

fn summary_point(value: &Value) -> Result<SummaryDataPoint, JsonError> {
    let fields = Fields::of(value)?;
    Ok(SummaryDataPoint {
        attributes: fields.list("attributes", key_value)?,
        start_time_unix_nano: fields.whole("startTimeUnixNano")?,
        time_unix_nano: fields.whole("timeUnixNano")?,
        count: fields.whole("count")?,
        sum: fields.double("sum")?,
        quantile_values: fields.list("quantileValues", |value| {
            let fields = Fields::of(value)?;
            Ok(ValueAtQuantile { quantile: fields.double("quantile")?, value: fields.double("value")? })
        })?,
        flags: fields.whole("flags")?,
    })
}

fn exemplar(value: &Value) -> Result<Exemplar, JsonError> {
    let fields = Fields::of(value)?;
    let value = match fields.optional("asDouble", double)? {
        Some(value) => Some(exemplar::Value::AsDouble(value)),
        None => fields.optional("asInt", whole)?.map(exemplar::Value::AsInt),
    };
    Ok(Exemplar {
        filtered_attributes: fields.list("filteredAttributes", key_value)?,
        time_unix_nano: fields.whole("timeUnixNano")?,
        span_id: fields.hexadecimal("spanId")?,
        trace_id: fields.hexadecimal("traceId")?,
        value,
    })
}
