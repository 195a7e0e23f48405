//! Streaming reading of JSON objects as protobuf messages, with the position of an error.

use std::{fmt, marker::PhantomData};

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    context::Context,
    scalar::{Scalar, reject_scalars},
};

/// A message that is read field by field.
pub(in crate::otlp) trait JsonMessage: Default {
    /// Reads the field of this name. A field that the message does not have is skipped.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, field: Field<'_, '_, A>) -> Result<(), A::Error>;
}

/// Implements [`JsonMessage`] by the list of a message's fields.
macro_rules! json_message {
    ($type:ty: |$message:ident, $field:ident| { $($name:literal => $read:expr,)* }) => {
        impl $crate::otlp::json::JsonMessage for $type {
            fn read<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                $field: $crate::otlp::json::fields::Field<'_, '_, A>,
            ) -> Result<(), A::Error> {
                let $message = self;
                match name {
                    $($name => $read,)*
                    _ => $field.skip()?,
                }
                Ok(())
            }
        }
    };
}
pub(super) use json_message;

/// One field of an object, whose value is not read yet. Null reads as absent, as in the protobuf
/// mapping.
pub(in crate::otlp) struct Field<'a, 'c, A> {
    map: &'a mut A,
    context: &'a Context<'c>,
}

impl<'de, A: MapAccess<'de>> Field<'_, '_, A> {
    /// Skips the value.
    pub(super) fn skip(self) -> Result<(), A::Error> {
        self.map.next_value::<IgnoredAny>().map(|_| ())
    }

    /// Reads a message.
    pub(super) fn message<M: JsonMessage>(self) -> Result<Option<M>, A::Error> {
        self.map.next_value_seed(MessageSeed::new(self.context))
    }

    /// Reads a list of messages.
    pub(super) fn messages<M: JsonMessage>(self) -> Result<Vec<M>, A::Error> {
        let item = || MessageSeed::<M>::new(self.context);
        self.map.next_value_seed(ListSeed { context: self.context, item, items: PhantomData })
    }

    fn scalar<T>(self, read: impl Fn(Scalar<'_>) -> Result<T, String>) -> Result<Option<T>, A::Error> {
        self.map.next_value_seed(ScalarSeed { read })
    }

    /// Reads text.
    pub(super) fn text(self) -> Result<Option<String>, A::Error> {
        self.scalar(|scalar: Scalar<'_>| scalar.text())
    }

    /// Reads a flag.
    pub(super) fn flag(self) -> Result<Option<bool>, A::Error> {
        self.scalar(|scalar: Scalar<'_>| scalar.flag())
    }

    /// Reads an integer of any width.
    pub(super) fn whole<T: TryFrom<i128>>(self) -> Result<Option<T>, A::Error> {
        self.scalar(|scalar: Scalar<'_>| scalar.whole())
    }

    /// Reads a list of integers.
    pub(super) fn wholes<T: TryFrom<i128>>(self) -> Result<Vec<T>, A::Error> {
        let item = || ScalarSeed { read: |scalar: Scalar<'_>| scalar.whole() };
        self.map.next_value_seed(ListSeed { context: self.context, item, items: PhantomData })
    }

    /// Reads a number.
    pub(super) fn double(self) -> Result<Option<f64>, A::Error> {
        self.scalar(|scalar: Scalar<'_>| scalar.double())
    }

    /// Reads a list of numbers.
    pub(super) fn doubles(self) -> Result<Vec<f64>, A::Error> {
        let item = || ScalarSeed { read: |scalar: Scalar<'_>| scalar.double() };
        self.map.next_value_seed(ListSeed { context: self.context, item, items: PhantomData })
    }

    /// Reads a trace or span id.
    pub(super) fn hexadecimal(self) -> Result<Vec<u8>, A::Error> {
        let read = |scalar: Scalar<'_>| {
            hex::decode(scalar.text()?)
                .map_err(|_| "expected an even number of hexadecimal digits".to_owned())
        };
        self.scalar(read).map(Option::unwrap_or_default)
    }

    /// Reads bytes in base64, in either alphabet, padded or not.
    pub(super) fn base64(self) -> Result<Option<Vec<u8>>, A::Error> {
        self.scalar(|scalar| {
            let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
            let digits = scalar.text()?;
            GeneralPurpose::new(&STANDARD, config)
                .decode(&digits)
                .or_else(|_| GeneralPurpose::new(&URL_SAFE, config).decode(&digits))
                .map_err(|error| format!("expected base64: {error}"))
        })
    }
}

/// Reads one message. Returns none for null.
pub(super) struct MessageSeed<'a, 'c, M> {
    context: &'a Context<'c>,
    message: PhantomData<M>,
}

impl<'a, 'c, M> MessageSeed<'a, 'c, M> {
    pub(super) fn new(context: &'a Context<'c>) -> Self {
        Self { context, message: PhantomData }
    }

    fn mismatch<E: Error>(&self, found: &Scalar<'_>) -> E {
        E::custom(format!("expected an object, found {found}"))
    }
}

impl<'de, M: JsonMessage> DeserializeSeed<'de> for MessageSeed<'_, '_, M> {
    type Value = Option<M>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<M>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, M: JsonMessage> Visitor<'de> for MessageSeed<'_, '_, M> {
    type Value = Option<M>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    reject_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Option<M>, A::Error> {
        Err(self.mismatch(&Scalar::List))
    }

    fn visit_unit<E: Error>(self) -> Result<Option<M>, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<M>, A::Error> {
        let mut message = M::default();
        while let Some(name) = map.next_key::<FieldName<'de>>()? {
            let name = name.as_str();
            let field = Field { map: &mut map, context: self.context };
            message.read(name, field).inspect_err(|_| self.context.failed_in(name))?;
        }
        Ok(Some(message))
    }
}

/// Reads one value that is no list and no object. Returns none for null.
struct ScalarSeed<F> {
    read: F,
}

impl<'de, T, F: Fn(Scalar<'_>) -> Result<T, String>> DeserializeSeed<'de> for ScalarSeed<F> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        match deserializer.deserialize_any(super::scalar::ScalarVisitor)? {
            Scalar::Null => Ok(None),
            scalar => (self.read)(scalar).map(Some).map_err(D::Error::custom),
        }
    }
}

/// Reads a list. Null is empty. Its memory is taken from the budget item by item.
struct ListSeed<'a, 'c, F, T> {
    context: &'a Context<'c>,
    item: F,
    items: PhantomData<T>,
}

impl<F, T> ListSeed<'_, '_, F, T> {
    fn mismatch<E: Error>(&self, found: &Scalar<'_>) -> E {
        E::custom(format!("expected a list, found {found}"))
    }
}

impl<'de, T, S, F> DeserializeSeed<'de> for ListSeed<'_, '_, F, T>
where
    S: DeserializeSeed<'de, Value = Option<T>>,
    F: Fn() -> S,
{
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T, S, F> Visitor<'de> for ListSeed<'_, '_, F, T>
where
    S: DeserializeSeed<'de, Value = Option<T>>,
    F: Fn() -> S,
{
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    reject_scalars!();

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Vec<T>, A::Error> {
        Err(self.mismatch(&Scalar::Object))
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        let failed = |index: usize| self.context.failed_in(&format!("[{index}]"));
        while let Some(item) = list.next_element_seed((self.item)()).inspect_err(|_| failed(items.len()))? {
            let Some(item) = item else {
                failed(items.len());
                return Err(A::Error::custom("expected a value, found null"));
            };
            self.context.charge_item::<T, A::Error>()?;
            items.push(item);
        }
        Ok(items)
    }
}

/// The name of a field, which is only copied if it has escapes.
#[derive(serde::Deserialize)]
struct FieldName<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);

impl FieldName<'_> {
    fn as_str(&self) -> &str {
        &self.0
    }
}
