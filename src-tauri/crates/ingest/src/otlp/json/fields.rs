//! Decoding of a JSON object's fields as protobuf types, with the position of an error.

use std::fmt;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

/// An error in a JSON document, with its path.
#[derive(Debug)]
pub(in crate::otlp) struct JsonError {
    /// Path segments, innermost first.
    path: Vec<String>,
    reason: String,
}

impl JsonError {
    fn new(reason: impl Into<String>) -> Self {
        Self { path: Vec::new(), reason: reason.into() }
    }

    fn at(mut self, segment: impl Into<String>) -> Self {
        self.path.push(segment.into());
        self
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.path.iter().rev().enumerate() {
            let dot = if index == 0 || segment.starts_with('[') { "" } else { "." };
            write!(formatter, "{dot}{segment}")?;
        }
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(formatter, "{colon}{}", self.reason)
    }
}

/// The fields of one object. A field that is null is absent, as in the protobuf mapping.
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(super) fn of(value: &'a Value) -> Result<Self, JsonError> {
        value
            .as_object()
            .map(Self)
            .ok_or_else(|| JsonError::new(format!("expected an object, found {}", describe_value(value))))
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// Reads a field with `read`, if it is present.
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Value) -> Result<T, JsonError>,
    ) -> Result<Option<T>, JsonError> {
        self.get(key).map(read).transpose().map_err(|error| error.at(key))
    }

    fn or_default<T: Default>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Value) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        Ok(self.optional(key, read)?.unwrap_or_default())
    }

    /// Reads the items of a list, which is empty if it is absent.
    pub(super) fn list<T>(
        &self,
        key: &str,
        read: impl Fn(&'a Value) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        self.or_default(key, |value| {
            let items = value
                .as_array()
                .ok_or_else(|| JsonError::new(format!("expected a list, found {}", describe_value(value))))?;
            items
                .iter()
                .enumerate()
                .map(|(index, item)| read(item).map_err(|error| error.at(format!("[{index}]"))))
                .collect()
        })
    }

    pub(super) fn text(&self, key: &str) -> Result<String, JsonError> {
        self.or_default(key, text)
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, JsonError> {
        self.or_default(key, flag)
    }

    pub(super) fn double(&self, key: &str) -> Result<f64, JsonError> {
        self.or_default(key, double)
    }

    /// Reads an integer of any width.
    pub(super) fn whole<T: TryFrom<i128> + Default>(&self, key: &str) -> Result<T, JsonError> {
        self.or_default(key, whole)
    }

    /// Reads a trace or span id.
    pub(super) fn hexadecimal(&self, key: &str) -> Result<Vec<u8>, JsonError> {
        self.or_default(key, |value| {
            let digits = text(value)?;
            hex::decode(&digits).map_err(|_| JsonError::new("expected an even number of hexadecimal digits"))
        })
    }
}

pub(super) fn text(value: &Value) -> Result<String, JsonError> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| JsonError::new(format!("expected text, found {}", describe_value(value))))
}

pub(super) fn flag(value: &Value) -> Result<bool, JsonError> {
    value
        .as_bool()
        .ok_or_else(|| JsonError::new(format!("expected true or false, found {}", describe_value(value))))
}

pub(super) fn whole<T: TryFrom<i128>>(value: &Value) -> Result<T, JsonError> {
    let number = match value {
        Value::Number(number) => number
            .as_i128()
            // Protobuf's mapping allows 1e3 and 1.0, but only exact integers.
            .or_else(|| {
                number
                    .as_f64()
                    .filter(|double| double.fract() == 0.0 && double.abs() < 1e19)
                    .map(|double| double as i128)
            }),
        Value::String(digits) => digits.parse::<i128>().ok(),
        _ => None,
    };
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
        JsonError::new(format!("expected a whole number within its range, found {}", describe_value(value)))
    })
}

pub(super) fn double(value: &Value) -> Result<f64, JsonError> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(name) => match name.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            digits => digits.parse().ok(),
        },
        _ => None,
    };
    number.ok_or_else(|| JsonError::new(format!("expected a number, found {}", describe_value(value))))
}

/// Reads bytes in base64, in either alphabet, padded or not.
pub(super) fn base64_bytes(value: &Value) -> Result<Vec<u8>, JsonError> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let digits = text(value)?;
    GeneralPurpose::new(&STANDARD, config)
        .decode(&digits)
        .or_else(|_| GeneralPurpose::new(&URL_SAFE, config).decode(&digits))
        .map_err(|error| JsonError::new(format!("expected base64: {error}")))
}

fn describe_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
