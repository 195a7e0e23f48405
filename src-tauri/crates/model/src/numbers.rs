//! Numbers in JSON, which has none for infinities and for what is not a number.

use serde::{Deserialize as _, Deserializer, Serializer};

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(f64),
    Text(String),
}

/// Returns a number as text, infinities as Prometheus writes them.
pub fn number_text(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

/// Serializes numbers. Those that JSON does not have become text, as in the API of Prometheus.
pub(crate) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeSeq as _;
    let mut list = serializer.serialize_seq(Some(values.len()))?;
    for value in values {
        if value.is_finite() {
            list.serialize_element(value)?;
        } else {
            list.serialize_element(&number_text(*value))?;
        }
    }
    list.end()
}

/// Deserializes what [`serialize`] wrote.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let number = |value| match value {
        NumberOrText::Number(number) => Ok(number),
        NumberOrText::Text(text) => text.parse().map_err(serde::de::Error::custom),
    };
    Vec::<NumberOrText>::deserialize(deserializer)?.into_iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use crate::{Labels, SeriesPoints, Timestamp};

    #[test]
    fn numbers_that_json_does_not_have_are_text() {
        let values = vec![1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        let times = (0..4).map(Timestamp).collect();
        let points = SeriesPoints { labels: Labels::new(), times, values };
        let json = serde_json::to_value(&points).unwrap();
        assert_eq!(json["values"], serde_json::json!([1.5, "+Inf", "-Inf", "NaN"]));
        let back: SeriesPoints = serde_json::from_value(json).unwrap();
        assert_eq!(back.values[..3], points.values[..3]);
        assert!(back.values[3].is_nan());
    }
}
