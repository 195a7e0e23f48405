//! Reading of attributes, resources and scopes.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value},
    resource::v1::Resource,
};
use serde::de::MapAccess;

use super::fields::{Field, JsonMessage};

impl JsonMessage for AnyValue {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "stringValue" => set(&mut self.value, field.text()?.map(any_value::Value::StringValue)),
            "intValue" => set(&mut self.value, field.whole()?.map(any_value::Value::IntValue)),
            "doubleValue" => set(&mut self.value, field.double()?.map(any_value::Value::DoubleValue)),
            "boolValue" => set(&mut self.value, field.flag()?.map(any_value::Value::BoolValue)),
            "bytesValue" => set(&mut self.value, field.base64()?.map(any_value::Value::BytesValue)),
            "arrayValue" => set(&mut self.value, field.message()?.map(any_value::Value::ArrayValue)),
            "kvlistValue" => set(&mut self.value, field.message()?.map(any_value::Value::KvlistValue)),
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for ArrayValue {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "values" => self.values = field.messages()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for KeyValueList {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "values" => self.values = field.messages()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for KeyValue {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "key" => self.key = field.text()?.unwrap_or_default(),
            "value" => self.value = field.message()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for Resource {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "attributes" => self.attributes = field.messages()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl JsonMessage for InstrumentationScope {
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error> {
        match name {
            "name" => self.name = field.text()?.unwrap_or_default(),
            "version" => self.version = field.text()?.unwrap_or_default(),
            "attributes" => self.attributes = field.messages()?,
            "droppedAttributesCount" => self.dropped_attributes_count = field.whole()?.unwrap_or_default(),
            _ => field.skip()?,
        }
        Ok(())
    }
}

/// Sets one of several alternatives, unless it is absent.
pub(super) fn set<T>(alternative: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *alternative = value;
    }
}
