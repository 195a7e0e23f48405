//! Reading of the points of metrics.

use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, SummaryDataPoint, exemplar,
    exponential_histogram_data_point::Buckets, number_data_point, summary_data_point::ValueAtQuantile,
};

use super::{common::set, fields::json_message};

json_message!(NumberDataPoint: |message, field| {
    "attributes" => message.attributes = field.messages()?,
    "startTimeUnixNano" => message.start_time_unix_nano = field.whole()?.unwrap_or_default(),
    "timeUnixNano" => message.time_unix_nano = field.whole()?.unwrap_or_default(),
    "exemplars" => message.exemplars = field.messages()?,
    "flags" => message.flags = field.whole()?.unwrap_or_default(),
    "asDouble" => set(&mut message.value, field.double()?.map(number_data_point::Value::AsDouble)),
    "asInt" => set(&mut message.value, field.whole()?.map(number_data_point::Value::AsInt)),
});

json_message!(HistogramDataPoint: |message, field| {
    "attributes" => message.attributes = field.messages()?,
    "startTimeUnixNano" => message.start_time_unix_nano = field.whole()?.unwrap_or_default(),
    "timeUnixNano" => message.time_unix_nano = field.whole()?.unwrap_or_default(),
    "count" => message.count = field.whole()?.unwrap_or_default(),
    "sum" => message.sum = field.double()?,
    "bucketCounts" => message.bucket_counts = field.wholes()?,
    "explicitBounds" => message.explicit_bounds = field.doubles()?,
    "exemplars" => message.exemplars = field.messages()?,
    "flags" => message.flags = field.whole()?.unwrap_or_default(),
    "min" => message.min = field.double()?,
    "max" => message.max = field.double()?,
});

json_message!(ExponentialHistogramDataPoint: |message, field| {
    "attributes" => message.attributes = field.messages()?,
    "startTimeUnixNano" => message.start_time_unix_nano = field.whole()?.unwrap_or_default(),
    "timeUnixNano" => message.time_unix_nano = field.whole()?.unwrap_or_default(),
    "count" => message.count = field.whole()?.unwrap_or_default(),
    "sum" => message.sum = field.double()?,
    "scale" => message.scale = field.whole()?.unwrap_or_default(),
    "zeroCount" => message.zero_count = field.whole()?.unwrap_or_default(),
    "positive" => message.positive = field.message()?,
    "negative" => message.negative = field.message()?,
    "flags" => message.flags = field.whole()?.unwrap_or_default(),
    "exemplars" => message.exemplars = field.messages()?,
    "min" => message.min = field.double()?,
    "max" => message.max = field.double()?,
    "zeroThreshold" => message.zero_threshold = field.double()?.unwrap_or_default(),
});

json_message!(Buckets: |message, field| {
    "offset" => message.offset = field.whole()?.unwrap_or_default(),
    "bucketCounts" => message.bucket_counts = field.wholes()?,
});

json_message!(SummaryDataPoint: |message, field| {
    "attributes" => message.attributes = field.messages()?,
    "startTimeUnixNano" => message.start_time_unix_nano = field.whole()?.unwrap_or_default(),
    "timeUnixNano" => message.time_unix_nano = field.whole()?.unwrap_or_default(),
    "count" => message.count = field.whole()?.unwrap_or_default(),
    "sum" => message.sum = field.double()?.unwrap_or_default(),
    "quantileValues" => message.quantile_values = field.messages()?,
    "flags" => message.flags = field.whole()?.unwrap_or_default(),
});

json_message!(ValueAtQuantile: |message, field| {
    "quantile" => message.quantile = field.double()?.unwrap_or_default(),
    "value" => message.value = field.double()?.unwrap_or_default(),
});

json_message!(Exemplar: |message, field| {
    "filteredAttributes" => message.filtered_attributes = field.messages()?,
    "timeUnixNano" => message.time_unix_nano = field.whole()?.unwrap_or_default(),
    "spanId" => message.span_id = field.optional_id(8)?,
    "traceId" => message.trace_id = field.optional_id(16)?,
    "asDouble" => set(&mut message.value, field.double()?.map(exemplar::Value::AsDouble)),
    "asInt" => set(&mut message.value, field.whole()?.map(exemplar::Value::AsInt)),
});
