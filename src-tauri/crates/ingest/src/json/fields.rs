//! Reads the fields of a JSON object as protobuf types and remembers where something is wrong.

use std::fmt;

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

/// What is wrong with a JSON document, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Steps from the inside out.
    path: Vec<String>,
    reason: String,
}

impl Fault {
    fn new(reason: impl Into<String>) -> Self {
        Self { path: Vec::new(), reason: reason.into() }
    }

    fn at(mut self, step: impl Into<String>) -> Self {
        self.path.push(step.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.path.iter().rev().enumerate() {
            let dot = if index == 0 || step.starts_with('[') { "" } else { "." };
            write!(formatter, "{dot}{step}")?;
        }
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(formatter, "{colon}{}", self.reason)
    }
}

/// The fields of one object. A field that is null counts as absent, as the protobuf mapping has it.
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(value: &'a Value) -> Result<Self, Fault> {
        value
            .as_object()
            .map(Self)
            .ok_or_else(|| Fault::new(format!("expected an object, found {}", sort(value))))
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// The field read by `read`, if it is there.
    pub(crate) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Value) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        self.get(key).map(read).transpose().map_err(|fault| fault.at(key))
    }

    fn or_default<T: Default>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Value) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        Ok(self.optional(key, read)?.unwrap_or_default())
    }

    /// The items of a list; none if it is absent.
    pub(crate) fn list<T>(
        &self,
        key: &str,
        read: impl Fn(&'a Value) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        self.or_default(key, |value| {
            let items = value
                .as_array()
                .ok_or_else(|| Fault::new(format!("expected a list, found {}", sort(value))))?;
            items
                .iter()
                .enumerate()
                .map(|(index, item)| read(item).map_err(|fault| fault.at(format!("[{index}]"))))
                .collect()
        })
    }

    pub(crate) fn text(&self, key: &str) -> Result<String, Fault> {
        self.or_default(key, text)
    }

    pub(crate) fn flag(&self, key: &str) -> Result<bool, Fault> {
        self.or_default(key, flag)
    }

    pub(crate) fn double(&self, key: &str) -> Result<f64, Fault> {
        self.or_default(key, double)
    }

    /// A whole number of any width.
    pub(crate) fn whole<T: TryFrom<i128> + Default>(&self, key: &str) -> Result<T, Fault> {
        self.or_default(key, whole)
    }

    /// A trace or span id.
    pub(crate) fn hexadecimal(&self, key: &str) -> Result<Vec<u8>, Fault> {
        self.or_default(key, |value| {
            let digits = text(value)?;
            hex::decode(&digits).map_err(|_| Fault::new("expected an even number of hexadecimal digits"))
        })
    }
}

pub(crate) fn text(value: &Value) -> Result<String, Fault> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Fault::new(format!("expected text, found {}", sort(value))))
}

pub(crate) fn flag(value: &Value) -> Result<bool, Fault> {
    value.as_bool().ok_or_else(|| Fault::new(format!("expected true or false, found {}", sort(value))))
}

pub(crate) fn whole<T: TryFrom<i128>>(value: &Value) -> Result<T, Fault> {
    let number = match value {
        Value::Number(number) => number
            .as_i128()
            // Protobuf's mapping allows 1e3 and 1.0; only exact whole numbers.
            .or_else(|| {
                number
                    .as_f64()
                    .filter(|double| double.fract() == 0.0 && double.abs() < 1e19)
                    .map(|double| double as i128)
            }),
        Value::String(digits) => digits.parse::<i128>().ok(),
        _ => None,
    };
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| Fault::new(format!("expected a whole number within its range, found {}", sort(value))))
}

pub(crate) fn double(value: &Value) -> Result<f64, Fault> {
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
    number.ok_or_else(|| Fault::new(format!("expected a number, found {}", sort(value))))
}

/// Bytes in base64, either alphabet, padded or not.
pub(crate) fn base64_bytes(value: &Value) -> Result<Vec<u8>, Fault> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let digits = text(value)?;
    GeneralPurpose::new(&STANDARD, config)
        .decode(&digits)
        .or_else(|_| GeneralPurpose::new(&URL_SAFE, config).decode(&digits))
        .map_err(|error| Fault::new(format!("expected base64: {error}")))
}

fn sort(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
