//! Series as an Arrow IPC stream, one record batch per series.
//!
//! Schema metadata: `unit`, `step` (nanoseconds), `total_series`, `gaps` (JSON).
//!
//! | column | type | contents |
//! | --- | --- | --- |
//! | `labels` | Utf8 | JSON, the same in every row of a batch |
//! | `time` | Float64 | milliseconds since the epoch |
//! | `value` | Float64 | value |
//!
//! A series without points is a batch of one row whose time and value are null.

use std::{collections::HashMap, io::Cursor, sync::Arc};

use arrow_array::{Array, Float64Array, RecordBatch, StringArray, cast::AsArray, types::Float64Type};
use arrow_ipc::{reader::StreamReader, writer::StreamWriter};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use model::{SeriesPoints, SeriesResponse, Timestamp};

use crate::{ApiError, ErrorCode};

/// The media type of the stream.
pub const SERIES_MEDIA_TYPE: &str = "application/vnd.apache.arrow.stream";

/// Encodes an answer as a stream.
pub fn encode_series(answer: &SeriesResponse) -> Result<Vec<u8>, ApiError> {
    encode(answer).map_err(|error| failed("write", &error))
}

/// Decodes an answer from a stream. Times have millisecond resolution.
pub fn decode_series(bytes: &[u8]) -> Result<SeriesResponse, ApiError> {
    decode(bytes).map_err(|error| failed("read", &error))
}

fn failed(verb: &str, error: &ArrowError) -> ApiError {
    ApiError::new(ErrorCode::Internal, format!("cannot {verb} the series: {error}"))
}

fn json(error: &serde_json::Error) -> ArrowError {
    ArrowError::JsonError(error.to_string())
}

fn encode(answer: &SeriesResponse) -> Result<Vec<u8>, ArrowError> {
    let gaps = serde_json::to_string(&answer.gaps).map_err(|error| json(&error))?;
    let metadata = HashMap::from([
        ("unit".to_owned(), answer.unit.clone()),
        ("step".to_owned(), answer.step.to_string()),
        ("total_series".to_owned(), answer.total_series.to_string()),
        ("gaps".to_owned(), gaps),
    ]);
    let fields = vec![
        Field::new("labels", DataType::Utf8, false),
        Field::new("time", DataType::Float64, true),
        Field::new("value", DataType::Float64, true),
    ];
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    for points in &answer.series {
        let labels = serde_json::to_string(&points.labels).map_err(|error| json(&error))?;
        let rows = points.times.len().max(1);
        let column = |values: Vec<Option<f64>>| {
            Float64Array::from(if values.is_empty() { vec![None] } else { values })
        };
        let times = column(points.times.iter().map(|time| Some(time.0 as f64 / 1e6)).collect());
        let values = column(points.values.iter().map(|value| Some(*value)).collect());
        let labels = StringArray::from_iter_values(std::iter::repeat_n(labels, rows));
        writer.write(&RecordBatch::try_new(
            schema.clone(),
            vec![Arc::new(labels), Arc::new(times), Arc::new(values)],
        )?)?;
    }
    writer.finish()?;
    writer.into_inner()
}

fn decode(bytes: &[u8]) -> Result<SeriesResponse, ArrowError> {
    let reader = StreamReader::try_new(Cursor::new(bytes), None)?;
    let metadata = reader.schema().metadata().clone();
    let metadata_of = |key: &str| metadata.get(key).cloned().unwrap_or_default();
    let mut answer = SeriesResponse {
        unit: metadata_of("unit"),
        step: metadata_of("step").parse().unwrap_or_default(),
        series: Vec::new(),
        total_series: metadata_of("total_series").parse().unwrap_or_default(),
        gaps: serde_json::from_str(&metadata_of("gaps")).map_err(|error| json(&error))?,
    };
    for batch in reader {
        let batch = batch?;
        let labels = batch.column(0).as_string::<i32>();
        let (times, values) =
            (batch.column(1).as_primitive::<Float64Type>(), batch.column(2).as_primitive::<Float64Type>());
        if labels.is_empty() {
            continue;
        }
        let (times, values) = times
            .iter()
            .zip(values)
            .filter_map(|(time, value)| Some((Timestamp((time? * 1e6) as i64), value?)))
            .unzip();
        answer.series.push(SeriesPoints {
            labels: serde_json::from_str(labels.value(0)).map_err(|error| json(&error))?,
            times,
            values,
        });
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use model::{Gap, GapReason, TimeRange};

    use super::*;

    #[test]
    fn an_answer_survives_the_stream() {
        let answer = SeriesResponse {
            unit: "By".into(),
            step: 15_000_000_000,
            series: vec![
                SeriesPoints {
                    labels: [("host".to_owned(), "a \"quoted\" ü".to_owned())].into(),
                    times: vec![Timestamp::from_millis(1), Timestamp::from_millis(1_700_000_000_000)],
                    values: vec![1.5, -2.0],
                },
                SeriesPoints { labels: Default::default(), times: vec![], values: vec![] },
            ],
            total_series: 7,
            gaps: vec![Gap { range: TimeRange::new(Timestamp(1), Timestamp(2)), reason: GapReason::Asleep }],
        };
        assert_eq!(decode_series(&encode_series(&answer).unwrap()).unwrap(), answer);
    }

    #[test]
    fn garbage_is_an_error() {
        assert!(decode_series(b"not arrow").is_err());
    }
}
