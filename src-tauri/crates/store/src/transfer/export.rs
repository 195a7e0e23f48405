//! Export of telemetry and service measures as files for other programs.

use std::{
    fs::{self, File},
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use model::{ExportFormat, ExportRequest, ExportSignal, TimeRange};

use crate::{
    DiskSpace, StoreError,
    admin::Admin,
    database::{
        condition::{KIND_NAME, SEVERITY_NAME, STATUS_NAME},
        paths::{EXPORTS, file_error, path_text},
        sql::{is_marker, quote, step_start},
    },
    metrics::{exemplars, point_tables},
    read::{
        limits::{bounds, valid_step},
        reader::Reader,
    },
    traces::requests::requests_table,
};

/// The deadline for writing a file.
const DEADLINE: Duration = Duration::from_secs(600);

/// The interval between two probes of the disk while a file is written.
const SPACE_INTERVAL: Duration = Duration::from_millis(25);

/// A written file. It has no name: its disk space is freed when it is closed.
#[derive(Debug)]
pub struct ExportedFile {
    /// The file, at its start.
    pub file: File,
    /// Its length in bytes.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
}

impl ExportedFile {
    /// Copies the file to a path, and replaces an existing one. Returns the number of rows.
    pub fn save(mut self, path: &Path) -> io::Result<u64> {
        io::copy(&mut self.file, &mut File::create(path)?)?;
        Ok(self.rows)
    }
}

/// Builds the statement from the manifest of the read.
type Select = Box<dyn FnOnce(&Reader) -> Result<String, StoreError> + Send>;

fn fixed(select: String) -> Select {
    Box::new(|_| Ok(select))
}

impl Admin {
    /// Writes the telemetry of a range to a file. Fails where that would take the disk below its
    /// reserve.
    ///
    /// Times are timestamps in UTC, tags JSON objects. Metrics have all columns that identify a
    /// series, so that the file can be imported elsewhere. Where `ended` is true, the value is a
    /// staleness marker. Rows with an `exemplar_value` and no other value are exemplars.
    pub async fn export(&self, request: &ExportRequest) -> Result<ExportedFile, StoreError> {
        let range = request.range;
        let (start, end) = bounds(range);
        let within = |column: &str| format!("{column} >= {start} AND {column} < {end}");
        let select: Select = match request.signal {
            ExportSignal::Metrics => Box::new(move |reader| metrics(reader, range)),
            ExportSignal::Logs => fixed(logs(&within("t.time"))),
            ExportSignal::Spans => fixed(spans(&within("t.start_time"))),
        };
        self.write_file(select, request.format).await
    }

    /// Writes the measures of services to a file, one row per service and step of nanoseconds since
    /// the epoch. Without services it writes all. Fails like [`Self::export`].
    pub async fn export_service_rows(
        &self,
        services: &[String],
        range: TimeRange,
        step: i64,
        format: ExportFormat,
    ) -> Result<ExportedFile, StoreError> {
        let step = valid_step(range, step)?;
        if services.iter().any(|service| service.contains('\0')) {
            return Err(StoreError::InvalidRequest("a service name contains a NUL character".to_owned()));
        }
        let names: Vec<String> = services.iter().map(|service| quote(service)).collect();
        let selection =
            if names.is_empty() { "true".to_owned() } else { format!("t.service IN ({})", names.join(",")) };
        let seconds = step as f64 / 1e9;
        let select = format!(
            "WITH {}, measures AS (SELECT service, {} AS bucket, count(*) AS requests, \
               count(*) FILTER (status = 2) AS failed, quantile_cont(duration, 0.5) AS p50, \
               quantile_cont(duration, 0.95) AS p95, quantile_cont(duration, 0.99) AS p99 \
               FROM requests GROUP BY service, bucket) \
             SELECT make_timestamp_ns(bucket) AS time, service, requests, \
               requests / {seconds} AS requests_per_second, failed AS failed_requests, \
               failed / requests AS error_ratio, p50 AS median_duration_ns, p95 AS p95_duration_ns, \
               p99 AS p99_duration_ns FROM measures ORDER BY service, time",
            requests_table(range, &selection),
            step_start("start_time", step),
        );
        self.write_file(fixed(select), format).await
    }

    /// Writes the result of a statement to the export folder, which the database may write to.
    async fn write_file(&self, select: Select, format: ExportFormat) -> Result<ExportedFile, StoreError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let staged = self.instance.folder.join(EXPORTS).join(number.to_string());
        let monitor = Arc::clone(&self.instance.disk_space);
        let writing = self.read(Some(DEADLINE), move |reader| {
            let written = select(reader).and_then(|select| copy(reader, &select, format, &staged));
            let opened = written.and_then(|rows| {
                require_reserve(monitor.probe())?;
                open(&staged, rows)
            });
            // A file that cannot be deleted now is deleted at the next start.
            let _ = fs::remove_file(&staged);
            opened
        });
        // The end of the probes drops `writing`, which cancels it.
        tokio::select! {
            written = writing => written,
            short = self.wait_for_shortage() => Err(short),
        }
    }

    /// Waits until the disk has less free space than its reserve, and returns the error.
    async fn wait_for_shortage(&self) -> StoreError {
        loop {
            if let Err(error) = require_reserve(self.disk_space().await) {
                return error;
            }
            self.instance.options.clock.sleep(SPACE_INTERVAL).await;
        }
    }
}

fn require_reserve(disk: DiskSpace) -> Result<(), StoreError> {
    let DiskSpace { free, reserve, .. } = disk;
    if free < reserve { Err(StoreError::ExportSpace { free, reserve }) } else { Ok(()) }
}

fn open(path: &Path, rows: u64) -> Result<ExportedFile, StoreError> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (bytes, file) = opened.map_err(|error| file_error(path, &error))?;
    Ok(ExportedFile { file, bytes, rows })
}

fn copy(reader: &Reader, select: &str, format: ExportFormat, staged: &Path) -> Result<u64, StoreError> {
    let select = match format {
        ExportFormat::Csv => without_formulas(reader, select)?,
        ExportFormat::CsvRaw | ExportFormat::Parquet => select.to_owned(),
    };
    let format = match format {
        ExportFormat::Csv | ExportFormat::CsvRaw => "FORMAT csv, HEADER",
        ExportFormat::Parquet => "FORMAT parquet, COMPRESSION zstd",
    };
    reader.execute(&format!("COPY ({select}) TO {} ({format})", quote(path_text(staged)?)), &[])
}

/// Wraps a statement so that a text that a spreadsheet would run as a formula begins with an
/// apostrophe (OWASP, "CSV Injection"). Other columns stay as they are.
fn without_formulas(reader: &Reader, select: &str) -> Result<String, StoreError> {
    let columns = reader.rows(&format!("DESCRIBE {select}"), &[], |row| {
        let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((format!("\"{name}\""), kind == "VARCHAR"))
    })?;
    let projection = columns.into_iter().map(|(column, is_text)| match is_text {
        true => format!(
            "CASE WHEN left({column}, 1) IN ('=', '+', '-', '@', chr(9), chr(13)) THEN chr(39) || {column} \
             ELSE {column} END AS {column}"
        ),
        false => column,
    });
    Ok(format!("SELECT {} FROM ({select})", projection.collect::<Vec<_>>().join(", ")))
}

fn metrics(reader: &Reader, range: TimeRange) -> Result<String, StoreError> {
    let kind = "CASE s.kind WHEN 0 THEN 'gauge' WHEN 1 THEN 'counter' WHEN 2 THEN 'histogram' \
        WHEN 3 THEN 'exponential_histogram' ELSE 'summary' END";
    let columns = format!(
        "make_timestamp_ns(p.time) AS time, s.name AS metric, {kind} AS kind, s.unit AS unit, \
         s.service AS service"
    );
    let identity = "CASE s.temporality WHEN 1 THEN 'delta' WHEN 2 THEN 'cumulative' ELSE 'unspecified' END AS temporality, \
        s.monotonic AS monotonic, s.scope_name AS scope_name, s.scope_version AS scope_version, \
        coalesce(r.attributes, '{}') AS resource, s.description AS description";
    let ended = is_marker;
    let tags = "CAST(json_merge_patch(coalesce(r.attributes, '{}'), s.attributes) AS VARCHAR) AS tags";
    let joined = "JOIN series s ON s.id = p.series_id LEFT JOIN resources r ON r.id = s.resource_id";
    let (start, end) = bounds(range);
    let manifest = reader.manifest()?;
    let samples = point_tables::samples(reader, manifest, start, end)?;
    let histograms = point_tables::histograms(reader, manifest, start, end)?;
    let exemplars = exemplars::all(reader, manifest, "true", start, end)?;
    Ok(format!(
        "SELECT {columns}, p.value AS value, NULL::UBIGINT AS count, NULL::DOUBLE AS sum, \
           NULL::VARCHAR AS bucket_bounds, NULL::VARCHAR AS bucket_counts, {tags}, \
           make_timestamp_ns(p.start_time) AS start_time, {} AS ended, {identity}, NULL::DOUBLE AS min, \
           NULL::DOUBLE AS max, NULL::INTEGER AS scale, NULL::DOUBLE AS zero_threshold, \
           NULL::UBIGINT AS zero_count, NULL::INTEGER AS positive_offset, NULL::INTEGER AS negative_offset, \
           NULL::VARCHAR AS negative_counts, NULL::VARCHAR AS quantile_values, \
           NULL::DOUBLE AS exemplar_value, NULL::VARCHAR AS trace_id, NULL::VARCHAR AS span_id, \
           NULL::VARCHAR AS exemplar_attributes \
         FROM {samples} p {joined} \
         UNION ALL SELECT {columns}, NULL, p.count, p.sum, CAST(to_json(p.bounds) AS VARCHAR), \
           CAST(to_json(p.counts) AS VARCHAR), {tags}, make_timestamp_ns(p.start_time), {}, {identity}, p.min, \
           p.max, p.scale, p.zero_threshold, p.zero_count, p.positive_offset, p.negative_offset, \
           CAST(p.negative_counts AS VARCHAR), CAST(p.quantile_values AS VARCHAR), NULL, NULL, NULL, NULL \
         FROM {histograms} p {joined} \
         UNION ALL SELECT {columns}, NULL, NULL, NULL, NULL, NULL, {tags}, NULL, NULL, {identity}, NULL, NULL, NULL, \
           NULL, NULL, NULL, NULL, NULL, NULL, p.exemplar_value, p.trace_id, p.span_id, \
           p.exemplar_attributes \
         FROM {exemplars} p {joined}",
        ended("p.value"),
        ended("p.sum"),
    ))
}

/// The flags of a log record or span, as [`model::FLAGS_ATTRIBUTE`] has them.
const FLAGS: &str =
    "coalesce(TRY_CAST(json_extract_string(t.attributes, '$.\"otel.flags\"') AS UINTEGER), 0)";

fn logs(within: &str) -> String {
    format!(
        "SELECT make_timestamp_ns(t.time) AS time, t.service AS service, {SEVERITY_NAME} AS severity, \
           t.severity AS severity_number, t.severity_text AS severity_text, t.body AS message, \
           t.event_name AS event, t.scope_name AS scope, t.scope_version AS scope_version, \
           make_timestamp_ns(t.observed_time) AS observed_time, {FLAGS} AS flags, \
           replace(CAST(t.trace_id AS VARCHAR), '-', '') AS trace_id, \
           lpad(lower(to_hex(t.span_id)), 16, '0') AS span_id, t.attributes AS attributes, \
           coalesce(r.attributes, '{{}}') AS resource \
         FROM logs t LEFT JOIN resources r ON r.id = t.resource_id WHERE {within} ORDER BY t.time, t.id"
    )
}

fn spans(within: &str) -> String {
    format!(
        "SELECT make_timestamp_ns(t.start_time) AS start, t.duration AS duration_ns, t.service AS service, \
           t.name AS name, {KIND_NAME} AS kind, {STATUS_NAME} AS status, \
           t.status_message AS status_message, replace(CAST(t.trace_id AS VARCHAR), '-', '') AS trace_id, \
           lpad(lower(to_hex(t.span_id)), 16, '0') AS span_id, \
           lpad(lower(to_hex(t.parent_span_id)), 16, '0') AS parent_span_id, t.scope_name AS scope, \
           t.scope_version AS scope_version, t.trace_state AS trace_state, {FLAGS} AS flags, \
           t.attributes AS attributes, coalesce(r.attributes, '{{}}') AS resource, t.events AS events, \
           t.links AS links \
         FROM spans t LEFT JOIN resources r ON r.id = t.resource_id WHERE {within} ORDER BY t.start_time"
    )
}
