//! Samples, histogram points and exemplars as columns of the head.

use std::sync::Arc;

use duckdb::arrow::array::{
    Float64Array, Float64Builder, Int32Builder, Int64Array, ListBuilder, UInt64Array, UInt64Builder,
};
use model::{Buckets, Exemplar, HistogramPoint, Sample};

use crate::{
    StoreError,
    database::columns::{Columns, double, json, signed, span_ids, trace_ids, unsigned},
};

pub(crate) fn sample_columns(samples: &[&Sample]) -> Columns {
    vec![
        ("series_id", Arc::new(UInt64Array::from_iter_values(samples.iter().map(|sample| sample.series.0)))),
        ("time", Arc::new(Int64Array::from_iter_values(samples.iter().map(|sample| sample.time.0)))),
        ("start_time", signed(samples.iter().map(|sample| sample.start_time.map(|time| time.0)))),
        ("value", Arc::new(Float64Array::from_iter_values(samples.iter().map(|sample| sample.value)))),
    ]
}

pub(crate) fn exemplar_columns(exemplars: &[&Exemplar], head: u64) -> Result<Columns, StoreError> {
    Ok(vec![
        ("series_id", unsigned(exemplars.iter().map(|exemplar| Some(exemplar.series.0)))),
        ("time", signed(exemplars.iter().map(|exemplar| Some(exemplar.time.0)))),
        ("value", double(exemplars.iter().map(|exemplar| Some(exemplar.value)))),
        ("trace_id", trace_ids(exemplars.iter().map(|exemplar| exemplar.trace_id))?),
        ("span_id", span_ids(exemplars.iter().map(|exemplar| exemplar.span_id))),
        ("attributes", json(exemplars.iter().map(|exemplar| &exemplar.attributes))),
        ("head", unsigned(exemplars.iter().map(|_| Some(head)))),
    ])
}

pub(crate) fn histogram_columns(points: &[&HistogramPoint]) -> Columns {
    let mut bounds = ListBuilder::new(Float64Builder::new());
    let mut counts = ListBuilder::new(UInt64Builder::new());
    let mut scale = Int32Builder::new();
    let mut zero_threshold = Float64Builder::new();
    let mut zero_count = UInt64Builder::new();
    let mut positive_offset = Int32Builder::new();
    let mut negative_offset = Int32Builder::new();
    let mut negative_counts = ListBuilder::new(UInt64Builder::new());
    let mut quantile_values = ListBuilder::new(Float64Builder::new());
    for point in points {
        let (mut point_bounds, mut point_counts, mut point_negative) = (Vec::new(), Vec::new(), Vec::new());
        let mut point_quantile_values = Vec::new();
        let mut exponential = None;
        match &point.buckets {
            Buckets::Explicit { bounds, counts } => {
                point_bounds.extend(bounds.iter().copied().map(Some));
                point_counts.extend(counts.iter().copied().map(Some));
            }
            Buckets::Exponential {
                scale,
                zero_threshold,
                zero_count,
                positive_offset,
                positive,
                negative_offset,
                negative,
            } => {
                point_counts.extend(positive.iter().copied().map(Some));
                point_negative.extend(negative.iter().copied().map(Some));
                exponential =
                    Some((*scale, *zero_threshold, *zero_count, *positive_offset, *negative_offset));
            }
            Buckets::Quantiles(quantiles) => {
                point_bounds.extend(quantiles.iter().map(|(quantile, _)| Some(*quantile)));
                point_quantile_values.extend(quantiles.iter().map(|(_, value)| Some(*value)));
            }
        }
        bounds.append_value(point_bounds);
        counts.append_value(point_counts);
        scale.append_option(exponential.map(|fields| fields.0));
        zero_threshold.append_option(exponential.map(|fields| fields.1));
        zero_count.append_option(exponential.map(|fields| fields.2));
        positive_offset.append_option(exponential.map(|fields| fields.3));
        negative_offset.append_option(exponential.map(|fields| fields.4));
        negative_counts.append_value(point_negative);
        quantile_values.append_value(point_quantile_values);
    }
    vec![
        ("series_id", unsigned(points.iter().map(|point| Some(point.series.0)))),
        ("time", signed(points.iter().map(|point| Some(point.time.0)))),
        ("start_time", signed(points.iter().map(|point| point.start_time.map(|time| time.0)))),
        ("count", unsigned(points.iter().map(|point| Some(point.count)))),
        ("sum", double(points.iter().map(|point| point.sum))),
        ("min", double(points.iter().map(|point| point.min))),
        ("max", double(points.iter().map(|point| point.max))),
        ("bounds", Arc::new(bounds.finish())),
        ("counts", Arc::new(counts.finish())),
        ("scale", Arc::new(scale.finish())),
        ("zero_threshold", Arc::new(zero_threshold.finish())),
        ("zero_count", Arc::new(zero_count.finish())),
        ("positive_offset", Arc::new(positive_offset.finish())),
        ("negative_offset", Arc::new(negative_offset.finish())),
        ("negative_counts", Arc::new(negative_counts.finish())),
        ("quantile_values", Arc::new(quantile_values.finish())),
    ]
}
