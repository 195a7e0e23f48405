//! Reading of the points of metrics.

use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint, SummaryDataPoint, exemplar,
    exponential_histogram_data_point::Buckets, number_data_point, summary_data_point::ValueAtQuantile,
};
use serde::de::MapAccess;

use super::{
    common::set,
    fields::{Field, JsonMessage},
};

impl JsonMessage for NumberDataPoint {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = field.messages()?,
            "startTimeUnixNano" => self.start_time_unix_nano = field.whole()?.unwrap_or_default(),
            "timeUnixNano" => self.time_unix_nano = field.whole()?.unwrap_or_default(),
            "exemplars" => self.exemplars = field.messages()?,
            "flags" => self.flags = field.whole()?.unwrap_or_default(),
            "asDouble" => set(&mut self.value, field.double()?.map(number_data_point::Value::AsDouble)),
            "asInt" => set(&mut self.value, field.whole()?.map(number_data_point::Value::AsInt)),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for HistogramDataPoint {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = field.messages()?,
            "startTimeUnixNano" => self.start_time_unix_nano = field.whole()?.unwrap_or_default(),
            "timeUnixNano" => self.time_unix_nano = field.whole()?.unwrap_or_default(),
            "count" => self.count = field.whole()?.unwrap_or_default(),
            "sum" => self.sum = field.double()?,
            "bucketCounts" => self.bucket_counts = field.wholes()?,
            "explicitBounds" => self.explicit_bounds = field.doubles()?,
            "exemplars" => self.exemplars = field.messages()?,
            "flags" => self.flags = field.whole()?.unwrap_or_default(),
            "min" => self.min = field.double()?,
            "max" => self.max = field.double()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ExponentialHistogramDataPoint {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = field.messages()?,
            "startTimeUnixNano" => self.start_time_unix_nano = field.whole()?.unwrap_or_default(),
            "timeUnixNano" => self.time_unix_nano = field.whole()?.unwrap_or_default(),
            "count" => self.count = field.whole()?.unwrap_or_default(),
            "sum" => self.sum = field.double()?,
            "scale" => self.scale = field.whole()?.unwrap_or_default(),
            "zeroCount" => self.zero_count = field.whole()?.unwrap_or_default(),
            "positive" => self.positive = field.message()?,
            "negative" => self.negative = field.message()?,
            "flags" => self.flags = field.whole()?.unwrap_or_default(),
            "exemplars" => self.exemplars = field.messages()?,
            "min" => self.min = field.double()?,
            "max" => self.max = field.double()?,
            "zeroThreshold" => self.zero_threshold = field.double()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Buckets {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "offset" => self.offset = field.whole()?.unwrap_or_default(),
            "bucketCounts" => self.bucket_counts = field.wholes()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for SummaryDataPoint {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = field.messages()?,
            "startTimeUnixNano" => self.start_time_unix_nano = field.whole()?.unwrap_or_default(),
            "timeUnixNano" => self.time_unix_nano = field.whole()?.unwrap_or_default(),
            "count" => self.count = field.whole()?.unwrap_or_default(),
            "sum" => self.sum = field.double()?.unwrap_or_default(),
            "quantileValues" => self.quantile_values = field.messages()?,
            "flags" => self.flags = field.whole()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ValueAtQuantile {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "quantile" => self.quantile = field.double()?.unwrap_or_default(),
            "value" => self.value = field.double()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Exemplar {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "filteredAttributes" => self.filtered_attributes = field.messages()?,
            "timeUnixNano" => self.time_unix_nano = field.whole()?.unwrap_or_default(),
            "spanId" => self.span_id = field.hexadecimal()?,
            "traceId" => self.trace_id = field.hexadecimal()?,
            "asDouble" => set(&mut self.value, field.double()?.map(exemplar::Value::AsDouble)),
            "asInt" => set(&mut self.value, field.whole()?.map(exemplar::Value::AsInt)),
            _ => field.skip()?,
        }
        Ok(())
    }
}
