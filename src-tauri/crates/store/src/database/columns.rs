//! Values of records as Arrow columns.

use std::{collections::HashMap, sync::Arc};

use duckdb::{
    Connection,
    arrow::{
        array::{
            ArrayRef, BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder, Int64Builder, RecordBatch,
            StringBuilder, UInt8Builder, UInt64Builder,
        },
        datatypes::{DataType, Field, Schema},
    },
};
use model::{Attributes, SpanId, TraceId};

use crate::StoreError;

/// Columns with their names.
pub(crate) type Columns = Vec<(&'static str, ArrayRef)>;

/// Appends rows to a table within the current transaction.
pub(crate) fn append_rows(connection: &Connection, table: &str, columns: Columns) -> Result<(), StoreError> {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .into_iter()
        .map(|(name, array)| {
            let field = Field::new(name, array.data_type().clone(), true);
            let field = if matches!(array.data_type(), DataType::FixedSizeBinary(16)) {
                let extension = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
                field.with_metadata(HashMap::from([extension]))
            } else {
                field
            };
            (field, array)
        })
        .unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
    let mut appender = connection.appender(table)?;
    appender.append_record_batch(batch)?;
    appender.flush()?;
    Ok(())
}

pub(crate) fn unsigned(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    let mut builder = UInt64Builder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

pub(crate) fn signed(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    let mut builder = Int64Builder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

pub(crate) fn double(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    let mut builder = Float64Builder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

pub(crate) fn tiny(values: impl Iterator<Item = u8>) -> ArrayRef {
    let mut builder = UInt8Builder::new();
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

pub(crate) fn boolean(values: impl Iterator<Item = bool>) -> ArrayRef {
    let mut builder = BooleanBuilder::new();
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

pub(crate) fn text<'text>(values: impl Iterator<Item = &'text str>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

pub(crate) fn optional_text<'text>(values: impl Iterator<Item = Option<&'text str>>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

pub(crate) fn json<'attributes>(values: impl Iterator<Item = &'attributes Attributes>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    for value in values {
        if value.0.is_empty() {
            builder.append_value("{}");
        } else {
            builder.append_value(value.to_json());
        }
    }
    Arc::new(builder.finish())
}

pub(crate) fn list_json<'list, T: serde::Serialize + 'list>(
    values: impl Iterator<Item = &'list Vec<T>>,
) -> ArrayRef {
    let mut builder = StringBuilder::new();
    for value in values {
        if value.is_empty() {
            builder.append_value("[]");
        } else {
            builder.append_value(serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned()));
        }
    }
    Arc::new(builder.finish())
}

pub(crate) fn trace_ids(values: impl Iterator<Item = Option<TraceId>>) -> Result<ArrayRef, StoreError> {
    let mut builder = FixedSizeBinaryBuilder::new(16);
    for value in values {
        match value {
            Some(id) => builder.append_value(id.0)?,
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

pub(crate) fn span_ids(values: impl Iterator<Item = Option<SpanId>>) -> ArrayRef {
    unsigned(values.map(|value| value.map(|id| u64::from_be_bytes(id.0))))
}
