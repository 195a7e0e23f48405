//! Decoding of attributes, resources and scopes.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value},
    resource::v1::Resource,
};
use serde_json::Value;

use super::fields::{Fields, JsonError, base64_bytes, double, flag, text, whole};

pub(super) fn any_value(value: &Value) -> Result<AnyValue, JsonError> {
    let fields = Fields::of(value)?;
    let value = if let Some(text) = fields.optional("stringValue", text)? {
        Some(any_value::Value::StringValue(text))
    } else if let Some(number) = fields.optional("intValue", whole)? {
        Some(any_value::Value::IntValue(number))
    } else if let Some(number) = fields.optional("doubleValue", double)? {
        Some(any_value::Value::DoubleValue(number))
    } else if let Some(flag) = fields.optional("boolValue", flag)? {
        Some(any_value::Value::BoolValue(flag))
    } else if let Some(bytes) = fields.optional("bytesValue", base64_bytes)? {
        Some(any_value::Value::BytesValue(bytes))
    } else if let Some(values) =
        fields.optional("arrayValue", |array| Fields::of(array)?.list("values", any_value))?
    {
        Some(any_value::Value::ArrayValue(ArrayValue { values }))
    } else {
        fields
            .optional("kvlistValue", |list| Fields::of(list)?.list("values", key_value))?
            .map(|values| any_value::Value::KvlistValue(KeyValueList { values }))
    };
    Ok(AnyValue { value })
}

pub(super) fn key_value(value: &Value) -> Result<KeyValue, JsonError> {
    let fields = Fields::of(value)?;
    Ok(KeyValue {
        key: fields.text("key")?,
        value: fields.optional("value", any_value)?,
        ..KeyValue::default()
    })
}

pub(super) fn resource(value: &Value) -> Result<Resource, JsonError> {
    let fields = Fields::of(value)?;
    Ok(Resource { attributes: fields.list("attributes", key_value)?, ..Resource::default() })
}

pub(super) fn scope(value: &Value) -> Result<InstrumentationScope, JsonError> {
    let fields = Fields::of(value)?;
    Ok(InstrumentationScope {
        name: fields.text("name")?,
        version: fields.text("version")?,
        attributes: fields.list("attributes", key_value)?,
        dropped_attributes_count: fields.whole("droppedAttributesCount")?,
    })
}
