//! Attributes: names with typed values, as OpenTelemetry defines them.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The value of one attribute. Byte strings are stored as base64 text and numbers that JSON cannot
/// hold (not a number, infinite) as text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum AttributeValue {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite floating-point number.
    Double(f64),
    /// Text.
    String(String),
    /// A list of values.
    Array(Vec<AttributeValue>),
    /// Named values inside a value.
    Map(BTreeMap<String, AttributeValue>),
}

impl fmt::Display for AttributeValue {
    /// Text as it is, everything else as JSON.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("null"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Int(value) => write!(formatter, "{value}"),
            Self::Double(value) => write!(formatter, "{value}"),
            Self::String(value) => formatter.write_str(value),
            nested => formatter.write_str(&serde_json::to_string(nested).unwrap_or_default()),
        }
    }
}

impl From<&str> for AttributeValue {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for AttributeValue {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<i64> for AttributeValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for AttributeValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for AttributeValue {
    /// Numbers that JSON cannot hold become the texts that protobuf's mapping has for them.
    fn from(value: f64) -> Self {
        match value {
            f64::INFINITY => Self::String("Infinity".to_owned()),
            f64::NEG_INFINITY => Self::String("-Infinity".to_owned()),
            _ if value.is_nan() => Self::String("NaN".to_owned()),
            _ => Self::Double(value),
        }
    }
}

/// The largest whole number that every reader of JSON holds exactly.
const MAX_EXACT_INT: i64 = (1 << 53) - 1;

impl AttributeValue {
    /// Returns an estimate of the bytes of memory that the value takes.
    pub fn estimated_bytes(&self) -> u64 {
        let nested = match self {
            Self::String(text) => text.len() as u64,
            Self::Array(values) => values.iter().map(Self::estimated_bytes).sum(),
            Self::Map(values) => named_bytes(values),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Double(_) => 0,
        };
        nested + size_of::<Self>() as u64
    }

    /// Returns the value with whole numbers that some readers of JSON would round as text.
    #[must_use]
    pub fn exact(self) -> Self {
        match self {
            Self::Int(number) if number.unsigned_abs() > MAX_EXACT_INT.unsigned_abs() => {
                Self::String(number.to_string())
            }
            Self::Array(values) => Self::Array(values.into_iter().map(Self::exact).collect()),
            Self::Map(values) => {
                Self::Map(values.into_iter().map(|(key, value)| (key, value.exact())).collect())
            }
            other => other,
        }
    }
}

fn named_bytes(values: &BTreeMap<String, AttributeValue>) -> u64 {
    let bytes = |(name, value): (&String, &AttributeValue)| {
        (size_of::<String>() + name.len()) as u64 + value.estimated_bytes()
    };
    values.iter().map(bytes).sum()
}

/// The attribute that the flags of a span, a link or a log record are stored in.
pub const FLAGS_ATTRIBUTE: &str = "otel.flags";

/// Attributes by name, each name once, in name order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
#[serde(transparent)]
pub struct Attributes(pub BTreeMap<String, AttributeValue>);

impl Attributes {
    /// No attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// These attributes with one more (or one replaced).
    pub fn with(mut self, key: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// The value named `key`, if it is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.0.get(key) {
            Some(AttributeValue::String(value)) => Some(value),
            _ => None,
        }
    }

    /// Removes the flags of a record and returns them; 0 without any.
    pub fn take_flags(&mut self) -> u32 {
        match self.0.get(FLAGS_ATTRIBUTE) {
            Some(AttributeValue::Int(flags)) => {
                let flags = u32::try_from(*flags);
                flags.inspect(|_| drop(self.0.remove(FLAGS_ATTRIBUTE))).unwrap_or_default()
            }
            _ => 0,
        }
    }

    /// Returns an estimate of the bytes of memory that the attributes take.
    pub fn estimated_bytes(&self) -> u64 {
        named_bytes(&self.0)
    }

    /// The attributes with each value [exact](AttributeValue::exact).
    #[must_use]
    pub fn exact(self) -> Self {
        Self(self.0.into_iter().map(|(key, value)| (key, value.exact())).collect())
    }

    /// The attributes as JSON text with names in order: equal attributes give equal text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

impl<K: Into<String>, V: Into<AttributeValue>> FromIterator<(K, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

/// Text labels by name, which identify a series in a response.
pub type Labels = BTreeMap<String, String>;
