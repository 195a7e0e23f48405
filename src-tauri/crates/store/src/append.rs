//! Telemetry as columns, appended within the writer's transaction.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use duckdb::{
    Connection,
    arrow::{
        array::{
            ArrayRef, BooleanBuilder, FixedSizeBinaryBuilder, Float64Array, Float64Builder, Int32Builder,
            Int64Array, Int64Builder, ListBuilder, RecordBatch, StringBuilder, UInt8Builder, UInt64Array,
            UInt64Builder,
        },
        datatypes::{DataType, Field, Schema},
    },
};
use model::{
    Attributes, Buckets, Exemplar, HistogramPoint, IdentityHash, LogRecord, Resource, Sample, Span, SpanId,
    TelemetryBatch, TraceId,
};

use crate::{
    StoreError,
    dictionary::{Dictionary, KnownSeries},
    head,
    series_limit::{HeldBack, Refused, SeriesLimiter},
};

/// Series and resources that a group names for the first time.
#[derive(Default)]
pub(crate) struct News {
    pub(crate) resources: HashMap<u64, Arc<Resource>>,
    pub(crate) series: HashMap<u64, KnownSeries, IdentityHash>,
    resource_ids: HashMap<usize, u64>,
}

/// A batch with the way in it came through.
pub(crate) type Incoming = (Arc<TelemetryBatch>, Arc<str>);

/// Points of one batch that were not kept, and why.
#[derive(Debug, Clone, Default)]
pub(crate) struct NotKept {
    pub(crate) points: u64,
    pub(crate) reasons: Vec<HeldBack>,
}

/// Appends the batches; nothing is visible before the surrounding transaction commits.
pub(crate) struct Appending<'store> {
    connection: &'store Connection,
    dictionary: &'store Dictionary,
    limiter: &'store Mutex<SeriesLimiter>,
    refused: HashMap<u64, Refused>,
    /// The head that takes samples and histogram points.
    head: u64,
    pub(crate) news: News,
}

impl<'store> Appending<'store> {
    pub(crate) fn new(
        connection: &'store Connection,
        dictionary: &'store Dictionary,
        limiter: &'store Mutex<SeriesLimiter>,
        head: u64,
    ) -> Self {
        Self { connection, dictionary, limiter, refused: HashMap::new(), head, news: News::default() }
    }

    /// Appends every record but the points of series beyond the limits; `next_log_id` numbers the log
    /// records. What was not kept of each batch, or nothing if all was.
    pub(crate) fn append(
        &mut self,
        incoming: &[Incoming],
        next_log_id: &mut i64,
    ) -> Result<Vec<NotKept>, StoreError> {
        self.append_series(incoming)?;
        let not_kept = self.count_refused(incoming);
        let batches = || incoming.iter().map(|(batch, _)| batch);
        let kept = |series: model::SeriesId| self.refused.is_empty() || !self.refused.contains_key(&series.0);
        let samples: Vec<&Sample> =
            batches().flat_map(|batch| &batch.samples).filter(|sample| kept(sample.series)).collect();
        let histograms: Vec<&HistogramPoint> =
            batches().flat_map(|batch| &batch.histograms).filter(|point| kept(point.series)).collect();
        let exemplars: Vec<&Exemplar> =
            batches().flat_map(|batch| &batch.exemplars).filter(|exemplar| kept(exemplar.series)).collect();
        let logs: Vec<&LogRecord> = batches().flat_map(|batch| &batch.logs).collect();
        let spans: Vec<&Span> = batches().flat_map(|batch| &batch.spans).collect();
        self.refuse_unknown_series(
            samples
                .iter()
                .map(|sample| sample.series)
                .chain(histograms.iter().map(|point| point.series))
                .chain(exemplars.iter().map(|exemplar| exemplar.series)),
        )?;
        if !samples.is_empty() {
            self.rows(&head::samples(self.head), sample_columns(&samples))?;
        }
        if !histograms.is_empty() {
            self.rows(&head::histogram_points(self.head), histogram_columns(&histograms))?;
        }
        if !exemplars.is_empty() {
            let columns = exemplar_columns(&exemplars, self.head)?;
            self.rows("exemplars", columns)?;
        }
        if !logs.is_empty() {
            let columns = self.log_columns(&logs, next_log_id)?;
            self.rows("logs", columns)?;
        }
        if !spans.is_empty() {
            let columns = self.span_columns(&spans)?;
            self.rows("spans", columns)?;
        }
        self.append_resources()?;
        Ok(not_kept)
    }

    /// The resource's number; notes the resource if it is new. Hashing is spared for shared resources.
    fn resource(&mut self, resource: &Arc<Resource>) -> u64 {
        let address = Arc::as_ptr(resource).addr();
        if let Some(id) = self.news.resource_ids.get(&address) {
            return *id;
        }
        let id = resource.id();
        self.news.resource_ids.insert(address, id);
        if !self.dictionary.knows_resource(id) {
            self.news.resources.entry(id).or_insert_with(|| Arc::clone(resource));
        }
        id
    }

    fn append_series(&mut self, incoming: &[Incoming]) -> Result<(), StoreError> {
        let mut fresh = Vec::new();
        let named = incoming.iter().flat_map(|(batch, way)| batch.series.iter().zip(std::iter::repeat(way)));
        for ((id, series), way) in named {
            if self.news.series.contains_key(&id.0)
                || self.dictionary.knows_series(id.0)
                || self.refused.contains_key(&id.0)
            {
                continue;
            }
            let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(refused) = limiter.admit(&series.resource, &series.attributes, way) {
                self.refused.insert(id.0, refused);
                continue;
            }
            drop(limiter);
            let resource = self.resource(&series.resource);
            self.news.series.insert(id.0, KnownSeries::new(id.0, series));
            fresh.push((id.0, series, resource));
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let columns = vec![
            ("id", unsigned(fresh.iter().map(|(id, ..)| Some(*id)))),
            ("name", text(fresh.iter().map(|(_, series, _)| series.name.as_str()))),
            ("kind", tiny(fresh.iter().map(|(_, series, _)| series.kind as u8))),
            ("unit", text(fresh.iter().map(|(_, series, _)| series.unit.as_str()))),
            ("description", text(fresh.iter().map(|(_, series, _)| series.description.as_str()))),
            ("temporality", tiny(fresh.iter().map(|(_, series, _)| series.temporality as u8))),
            ("monotonic", boolean(fresh.iter().map(|(_, series, _)| series.monotonic))),
            ("service", text(fresh.iter().map(|(_, series, _)| series.resource.service()))),
            ("resource_id", unsigned(fresh.iter().map(|(.., resource)| Some(*resource)))),
            ("scope_name", text(fresh.iter().map(|(_, series, _)| series.scope.name.as_str()))),
            ("scope_version", text(fresh.iter().map(|(_, series, _)| series.scope.version.as_str()))),
            ("attributes", json(fresh.iter().map(|(_, series, _)| &series.attributes))),
        ];
        self.rows("series", columns)
    }

    /// Counts the points of refused series, by batch.
    fn count_refused(&self, incoming: &[Incoming]) -> Vec<NotKept> {
        if self.refused.is_empty() {
            return Vec::new();
        }
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        incoming
            .iter()
            .map(|(batch, _)| {
                let mut points: HashMap<Refused, u64> = HashMap::new();
                let samples = batch.samples.iter().map(|sample| sample.series);
                let histograms = batch.histograms.iter().map(|point| point.series);
                for refused in samples.chain(histograms).filter_map(|series| self.refused.get(&series.0)) {
                    *points.entry(*refused).or_default() += 1;
                }
                for (refused, count) in &points {
                    limiter.count_points(*refused, *count);
                }
                NotKept {
                    points: points.values().sum(),
                    reasons: points.keys().filter_map(|refused| limiter.reason(*refused)).collect(),
                }
            })
            .collect()
    }

    fn append_resources(&self) -> Result<(), StoreError> {
        let fresh: Vec<_> = self.news.resources.iter().collect();
        if fresh.is_empty() {
            return Ok(());
        }
        self.rows(
            "resources",
            vec![
                ("id", unsigned(fresh.iter().map(|(id, _)| Some(**id)))),
                ("service", text(fresh.iter().map(|(_, resource)| resource.service()))),
                ("demonstration", boolean(fresh.iter().map(|(_, resource)| resource.is_demonstration()))),
                ("attributes", json(fresh.iter().map(|(_, resource)| &resource.attributes))),
            ],
        )
    }

    fn refuse_unknown_series(&self, ids: impl Iterator<Item = model::SeriesId>) -> Result<(), StoreError> {
        let ids = ids.map(|id| id.0).filter(|id| !self.news.series.contains_key(id));
        match self.dictionary.first_unknown(ids) {
            Some(id) => Err(StoreError::InvalidRequest(format!(
                "a point names series {id}, which neither the batch nor the store describes"
            ))),
            None => Ok(()),
        }
    }

    fn log_columns(&mut self, logs: &[&LogRecord], next_id: &mut i64) -> Result<Columns, StoreError> {
        let first = *next_id;
        *next_id = first.saturating_add(logs.len() as i64);
        let resources: Vec<u64> = logs.iter().map(|log| self.resource(&log.resource)).collect();
        Ok(vec![
            ("id", signed((first..*next_id).map(Some))),
            ("time", signed(logs.iter().map(|log| Some(log.time.0)))),
            ("observed_time", signed(logs.iter().map(|log| Some(log.observed_time.0)))),
            ("severity", tiny(logs.iter().map(|log| log.severity.0))),
            ("severity_text", text(logs.iter().map(|log| log.severity_text.as_str()))),
            ("service", text(logs.iter().map(|log| log.resource.service()))),
            ("resource_id", unsigned(resources.into_iter().map(Some))),
            ("scope_name", text(logs.iter().map(|log| log.scope.name.as_str()))),
            ("scope_version", text(logs.iter().map(|log| log.scope.version.as_str()))),
            ("body", text(logs.iter().map(|log| log.body.as_str()))),
            ("attributes", json(logs.iter().map(|log| &log.attributes))),
            ("trace_id", trace_ids(logs.iter().map(|log| log.trace_id))?),
            ("span_id", span_ids(logs.iter().map(|log| log.span_id))),
            ("event_name", text(logs.iter().map(|log| log.event_name.as_str()))),
        ])
    }

    fn span_columns(&mut self, spans: &[&Span]) -> Result<Columns, StoreError> {
        let resources: Vec<u64> = spans.iter().map(|span| self.resource(&span.resource)).collect();
        Ok(vec![
            ("trace_id", trace_ids(spans.iter().map(|span| Some(span.trace_id)))?),
            ("span_id", span_ids(spans.iter().map(|span| Some(span.span_id)))),
            ("parent_span_id", span_ids(spans.iter().map(|span| span.parent_span_id))),
            ("name", text(spans.iter().map(|span| span.name.as_str()))),
            ("kind", tiny(spans.iter().map(|span| span.kind as u8))),
            ("start_time", signed(spans.iter().map(|span| Some(span.start.0)))),
            // The end of a span must fit into 64 bits wherever it is computed.
            (
                "duration",
                signed(
                    spans.iter().map(|span| {
                        Some(span.duration.clamp(0, i64::MAX.saturating_sub(span.start.0.max(0))))
                    }),
                ),
            ),
            ("status", tiny(spans.iter().map(|span| span.status as u8))),
            ("status_message", text(spans.iter().map(|span| span.status_message.as_str()))),
            ("trace_state", text(spans.iter().map(|span| span.trace_state.as_str()))),
            ("service", text(spans.iter().map(|span| span.resource.service()))),
            ("resource_id", unsigned(resources.into_iter().map(Some))),
            ("scope_name", text(spans.iter().map(|span| span.scope.name.as_str()))),
            ("scope_version", text(spans.iter().map(|span| span.scope.version.as_str()))),
            ("attributes", json(spans.iter().map(|span| &span.attributes))),
            ("events", list_json(spans.iter().map(|span| &span.events))),
            ("links", list_json(spans.iter().map(|span| &span.links))),
        ])
    }

    fn rows(&self, table: &str, columns: Columns) -> Result<(), StoreError> {
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
        let mut appender = self.connection.appender(table)?;
        appender.append_record_batch(batch)?;
        appender.flush()?;
        Ok(())
    }
}

type Columns = Vec<(&'static str, ArrayRef)>;

fn sample_columns(samples: &[&Sample]) -> Columns {
    vec![
        ("series_id", Arc::new(UInt64Array::from_iter_values(samples.iter().map(|sample| sample.series.0)))),
        ("time", Arc::new(Int64Array::from_iter_values(samples.iter().map(|sample| sample.time.0)))),
        ("start_time", signed(samples.iter().map(|sample| sample.start_time.map(|time| time.0)))),
        ("value", Arc::new(Float64Array::from_iter_values(samples.iter().map(|sample| sample.value)))),
    ]
}

fn exemplar_columns(exemplars: &[&Exemplar], head: u64) -> Result<Columns, StoreError> {
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

fn histogram_columns(points: &[&HistogramPoint]) -> Columns {
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

fn unsigned(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    let mut builder = UInt64Builder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn signed(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    let mut builder = Int64Builder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn double(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    let mut builder = Float64Builder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn tiny(values: impl Iterator<Item = u8>) -> ArrayRef {
    let mut builder = UInt8Builder::new();
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

fn boolean(values: impl Iterator<Item = bool>) -> ArrayRef {
    let mut builder = BooleanBuilder::new();
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

fn text<'text>(values: impl Iterator<Item = &'text str>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

fn json<'attributes>(values: impl Iterator<Item = &'attributes Attributes>) -> ArrayRef {
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

fn list_json<'list, T: serde::Serialize + 'list>(values: impl Iterator<Item = &'list Vec<T>>) -> ArrayRef {
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

fn trace_ids(values: impl Iterator<Item = Option<TraceId>>) -> Result<ArrayRef, StoreError> {
    let mut builder = FixedSizeBinaryBuilder::new(16);
    for value in values {
        match value {
            Some(id) => builder.append_value(id.0)?,
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

fn span_ids(values: impl Iterator<Item = Option<SpanId>>) -> ArrayRef {
    unsigned(values.map(|value| value.map(|id| u64::from_be_bytes(id.0))))
}
