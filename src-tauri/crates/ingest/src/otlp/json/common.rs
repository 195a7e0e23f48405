//! Reading of attributes, resources and scopes.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value},
    resource::v1::Resource,
};

use super::fields::json_message;

json_message!(AnyValue: |message, field| {
    "stringValue" => set(&mut message.value, field.text()?.map(any_value::Value::StringValue)),
    "intValue" => set(&mut message.value, field.whole()?.map(any_value::Value::IntValue)),
    "doubleValue" => set(&mut message.value, field.double()?.map(any_value::Value::DoubleValue)),
    "boolValue" => set(&mut message.value, field.flag()?.map(any_value::Value::BoolValue)),
    "bytesValue" => set(&mut message.value, field.base64()?.map(any_value::Value::BytesValue)),
    "arrayValue" => set(&mut message.value, field.message()?.map(any_value::Value::ArrayValue)),
    "kvlistValue" => set(&mut message.value, field.message()?.map(any_value::Value::KvlistValue)),
});

json_message!(ArrayValue: |message, field| {
    "values" => message.values = field.messages()?,
});

json_message!(KeyValueList: |message, field| {
    "values" => message.values = field.messages()?,
});

json_message!(KeyValue: |message, field| {
    "key" => message.key = field.text()?.unwrap_or_default(),
    "value" => message.value = field.message()?,
});

json_message!(Resource: |message, field| {
    "attributes" => message.attributes = field.messages()?,
    "droppedAttributesCount" => message.dropped_attributes_count = field.whole()?.unwrap_or_default(),
});

json_message!(InstrumentationScope: |message, field| {
    "name" => message.name = field.text()?.unwrap_or_default(),
    "version" => message.version = field.text()?.unwrap_or_default(),
    "attributes" => message.attributes = field.messages()?,
    "droppedAttributesCount" => message.dropped_attributes_count = field.whole()?.unwrap_or_default(),
});

/// Sets one of several alternatives, unless it is absent.
pub(super) fn set<T>(alternative: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *alternative = value;
    }
}
