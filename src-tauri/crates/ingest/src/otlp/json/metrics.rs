//! Reading of requests with metrics.

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{
        ExponentialHistogram, Gauge, Histogram, Metric, ResourceMetrics, ScopeMetrics, Sum, Summary,
        metric::Data,
    },
};
use serde::de::MapAccess;

use super::{
    common::set,
    fields::{Field, JsonMessage},
};

impl JsonMessage for ExportMetricsServiceRequest {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "resourceMetrics" => self.resource_metrics = field.messages()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ResourceMetrics {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "resource" => self.resource = field.message()?,
            "scopeMetrics" => self.scope_metrics = field.messages()?,
            "schemaUrl" => self.schema_url = field.text()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ScopeMetrics {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "scope" => self.scope = field.message()?,
            "metrics" => self.metrics = field.messages()?,
            "schemaUrl" => self.schema_url = field.text()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Metric {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "name" => self.name = field.text()?.unwrap_or_default(),
            "description" => self.description = field.text()?.unwrap_or_default(),
            "unit" => self.unit = field.text()?.unwrap_or_default(),
            "metadata" => self.metadata = field.messages()?,
            "gauge" => set(&mut self.data, field.message()?.map(Data::Gauge)),
            "sum" => set(&mut self.data, field.message()?.map(Data::Sum)),
            "histogram" => set(&mut self.data, field.message()?.map(Data::Histogram)),
            "exponentialHistogram" => set(&mut self.data, field.message()?.map(Data::ExponentialHistogram)),
            "summary" => set(&mut self.data, field.message()?.map(Data::Summary)),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Gauge {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = field.messages()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Sum {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = field.messages()?,
            "aggregationTemporality" => self.aggregation_temporality = field.whole()?.unwrap_or_default(),
            "isMonotonic" => self.is_monotonic = field.flag()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Histogram {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = field.messages()?,
            "aggregationTemporality" => self.aggregation_temporality = field.whole()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ExponentialHistogram {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = field.messages()?,
            "aggregationTemporality" => self.aggregation_temporality = field.whole()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Summary {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "dataPoints" => self.data_points = field.messages()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}
