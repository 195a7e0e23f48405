//! Reading of requests with metrics.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{
        AggregationTemporality, ExponentialHistogram, Gauge, Histogram, Metric, ResourceMetrics,
        ScopeMetrics, Sum, Summary, metric::Data,
    },
};

use super::{common::set, fields::json_message};

json_message!(ExportMetricsServiceRequest: |message, field| {
    "resourceMetrics" => message.resource_metrics = field.messages()?,
});

json_message!(ResourceMetrics: |message, field| {
    "resource" => message.resource = field.message()?,
    "scopeMetrics" => message.scope_metrics = field.messages()?,
    "schemaUrl" => message.schema_url = field.text()?.unwrap_or_default(),
});

json_message!(ScopeMetrics: |message, field| {
    "scope" => message.scope = field.message()?,
    "metrics" => message.metrics = field.records()?,
    "schemaUrl" => message.schema_url = field.text()?.unwrap_or_default(),
});

json_message!(Metric: |message, field| {
    "name" => message.name = field.text()?.unwrap_or_default(),
    "description" => message.description = field.text()?.unwrap_or_default(),
    "unit" => message.unit = field.text()?.unwrap_or_default(),
    "metadata" => message.metadata = field.messages()?,
    "gauge" => set(&mut message.data, field.message()?.map(Data::Gauge)),
    "sum" => set(&mut message.data, field.message()?.map(Data::Sum)),
    "histogram" => set(&mut message.data, field.message()?.map(Data::Histogram)),
    "exponentialHistogram" => set(&mut message.data, field.message()?.map(Data::ExponentialHistogram)),
    "summary" => set(&mut message.data, field.message()?.map(Data::Summary)),
});

json_message!(Gauge: |message, field| {
    "dataPoints" => message.data_points = field.records()?,
});

json_message!(Sum: |message, field| {
    "dataPoints" => message.data_points = field.records()?,
    "aggregationTemporality" => {
        message.aggregation_temporality = field.enumeration(AggregationTemporality::from_str_name)?;
    },
    "isMonotonic" => message.is_monotonic = field.flag()?.unwrap_or_default(),
});

json_message!(Histogram: |message, field| {
    "dataPoints" => message.data_points = field.records()?,
    "aggregationTemporality" => {
        message.aggregation_temporality = field.enumeration(AggregationTemporality::from_str_name)?;
    },
});

json_message!(ExponentialHistogram: |message, field| {
    "dataPoints" => message.data_points = field.records()?,
    "aggregationTemporality" => {
        message.aggregation_temporality = field.enumeration(AggregationTemporality::from_str_name)?;
    },
});

json_message!(Summary: |message, field| {
    "dataPoints" => message.data_points = field.records()?,
});
