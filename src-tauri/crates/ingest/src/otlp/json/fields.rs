//! Streaming reading of JSON objects as protobuf messages. A value of a wrong type is a fault of
//! its record.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    context::Context,
    scalar::{Scalar, ScalarVisitor, mismatched_scalars},
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
                    _ => $field.skip(name)?,
                }
                Ok(())
            }
        }
    };
}
pub(super) use json_message;

/// One field of an object, whose value is not read yet. Null reads as absent, as in the protobuf
/// mapping, and so does a faulty value.
pub(in crate::otlp) struct Field<'a, 'c, A> {
    map: &'a mut A,
    context: &'a Context<'c>,
}

impl<'de, A: MapAccess<'de>> Field<'_, '_, A> {
    /// Skips the value of a field that the message does not have.
    pub(super) fn skip(self, name: &str) -> Result<(), A::Error> {
        self.context.unknown_field(name);
        self.map.next_value::<IgnoredAny>().map(|_| ())
    }

    /// Reads a message.
    pub(super) fn message<M: JsonMessage>(self) -> Result<Option<M>, A::Error> {
        self.map.next_value_seed(MessageSeed::new(self.context))
    }

    /// Reads a list of messages.
    pub(super) fn messages<M: JsonMessage>(self) -> Result<Vec<M>, A::Error> {
        let (context, item) = (self.context, || MessageSeed::<M>::new(self.context));
        self.map.next_value_seed(ListSeed { context, item, placeholder: None, items: PhantomData })
    }

    /// Reads a list of records. A faulty one is read as an empty message.
    pub(super) fn records<M: JsonMessage>(self) -> Result<Vec<M>, A::Error> {
        let (context, item) = (self.context, || MessageSeed::<M>::new(self.context));
        let placeholder = Some(M::default as fn() -> M);
        self.map.next_value_seed(ListSeed { context, item, placeholder, items: PhantomData })
    }

    fn scalar<T>(self, read: impl Fn(Scalar<'_>) -> Result<T, String>) -> Result<Option<T>, A::Error> {
        self.map.next_value_seed(ScalarSeed { context: self.context, read })
    }

    fn scalars<T>(self, read: fn(Scalar<'_>) -> Result<T, String>) -> Result<Vec<T>, A::Error> {
        let (context, item) = (self.context, || ScalarSeed { context: self.context, read });
        self.map.next_value_seed(ListSeed { context, item, placeholder: None, items: PhantomData })
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
        self.scalars(|scalar: Scalar<'_>| scalar.whole())
    }

    /// Reads a number.
    pub(super) fn double(self) -> Result<Option<f64>, A::Error> {
        self.scalar(|scalar: Scalar<'_>| scalar.double())
    }

    /// Reads a list of numbers.
    pub(super) fn doubles(self) -> Result<Vec<f64>, A::Error> {
        self.scalars(|scalar: Scalar<'_>| scalar.double())
    }

    /// Reads an enum: its number, or its name, which `from_name` knows.
    pub(super) fn enumeration<E: Into<i32>>(self, from_name: fn(&str) -> Option<E>) -> Result<i32, A::Error> {
        self.scalar(|scalar: Scalar<'_>| scalar.enumeration(from_name)).map(Option::unwrap_or_default)
    }

    /// Reads an id of a trace or a span that has `length` bytes.
    pub(super) fn id(self, length: usize) -> Result<Vec<u8>, A::Error> {
        self.scalar(|scalar: Scalar<'_>| scalar.id(length)).map(Option::unwrap_or_default)
    }

    /// Reads an id that its record can do without. An invalid one is read as one of a wrong length.
    pub(super) fn optional_id(self, length: usize) -> Result<Vec<u8>, A::Error> {
        let read = |scalar: Scalar<'_>| Ok(scalar.id(length).unwrap_or_else(|_| vec![0]));
        self.scalar(read).map(Option::unwrap_or_default)
    }

    /// Reads bytes in base64, in either alphabet, padded or not.
    pub(super) fn base64(self) -> Result<Option<Vec<u8>>, A::Error> {
        self.scalar(|scalar: Scalar<'_>| scalar.base64())
    }
}

/// Reads one message. Returns none for null, and for a fault.
pub(super) struct MessageSeed<'a, 'c, M> {
    context: &'a Context<'c>,
    message: PhantomData<M>,
}

impl<'a, 'c, M> MessageSeed<'a, 'c, M> {
    pub(super) fn new(context: &'a Context<'c>) -> Self {
        Self { context, message: PhantomData }
    }

    fn mismatch(&self, found: &Scalar<'_>) -> Option<M> {
        self.context.fault(format!("expected an object, found {found}"));
        None
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

    mismatched_scalars!();

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<M>, A::Error> {
        ScalarVisitor.visit_seq(list).map(|found| self.mismatch(&found))
    }

    fn visit_unit<E: Error>(self) -> Result<Option<M>, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<M>, A::Error> {
        let (mut message, context) = (M::default(), self.context);
        while let Some(name) = map.next_key::<FieldName<'de>>()? {
            let name = name.camel_case();
            context.count_field();
            let field = Field { map: &mut map, context };
            context.within(|| name.to_string(), || message.read(&name, field))?;
        }
        Ok(Some(message))
    }
}

/// Reads one value that is no list and no object. Returns none for null, and for a fault.
struct ScalarSeed<'a, 'c, F> {
    context: &'a Context<'c>,
    read: F,
}

impl<'de, T, F: Fn(Scalar<'_>) -> Result<T, String>> DeserializeSeed<'de> for ScalarSeed<'_, '_, F> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        Ok(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Null => None,
            scalar => (self.read)(scalar).map_err(|reason| self.context.fault(reason)).ok(),
        })
    }
}

/// Reads a list. Null is empty. Its memory is taken from the budget item by item.
struct ListSeed<'a, 'c, F, T> {
    context: &'a Context<'c>,
    item: F,
    /// Makes the placeholder of a faulty item, if the items are records.
    placeholder: Option<fn() -> T>,
    items: PhantomData<T>,
}

impl<F, T> ListSeed<'_, '_, F, T> {
    fn mismatch(&self, found: &Scalar<'_>) -> Vec<T> {
        self.context.fault(format!("expected a list, found {found}"));
        Vec::new()
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

    mismatched_scalars!();

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Vec<T>, A::Error> {
        ScalarVisitor.visit_map(object).map(|found| self.mismatch(&found))
    }

    fn visit_unit<E: Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let (mut items, mut index, context) = (Vec::new(), 0, self.context);
        let mut read = || {
            let item = list.next_element_seed((self.item)())?;
            if matches!(item, Some(None)) {
                // A fault of the item itself was recorded before.
                context.fault("expected a value, found null".to_owned());
            }
            Ok(item)
        };
        loop {
            let item = match self.placeholder {
                Some(placeholder) => {
                    context.record(index, &mut read)?.map(|item| item.or_else(|| Some(placeholder())))
                }
                None => context.item(index, &mut read)?,
            };
            let Some(item) = item else { return Ok(items) };
            index += 1;
            if let Some(item) = item {
                context.charge_item::<T, A::Error>()?;
                items.push(item);
            }
        }
    }
}

/// The name of a field, which is only copied if it has escapes or underscores.
#[derive(serde::Deserialize)]
struct FieldName<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> FieldName<'a> {
    /// Returns the name in lowerCamelCase. Protobuf's own names, such as `trace_id`, are read too.
    fn camel_case(self) -> Cow<'a, str> {
        if !self.0.contains('_') {
            return self.0;
        }
        let mut words = self.0.split('_');
        let mut name = words.next().unwrap_or_default().to_owned();
        for word in words {
            let mut letters = word.chars();
            name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
            name.push_str(letters.as_str());
        }
        name.into()
    }
}
