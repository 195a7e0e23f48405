"""Sends spans, log records and metrics with the official Python SDK and prints what was sent.

Arguments: protocol (grpc or protobuf), compression (gzip or none), endpoint.
"""

import importlib
import json
import sys

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

protocol, compression, endpoint = sys.argv[1:]
failures = []


def exporter(module, name, path, success):
    transport = "grpc" if protocol == "grpc" else "http"
    package = importlib.import_module(f"opentelemetry.exporter.otlp.proto.{transport}.{module}")
    if protocol == "grpc":
        import grpc

        packing = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
        made = getattr(package, name)(endpoint=endpoint, insecure=True, compression=packing)
    else:
        from opentelemetry.exporter.otlp.proto.http import Compression

        packing = Compression.Gzip if compression == "gzip" else Compression.NoCompression
        made = getattr(package, name)(endpoint=endpoint + path, compression=packing)
    export_once = made.export

    def export(*arguments, **options):
        result = export_once(*arguments, **options)
        if result is not success:
            failures.append(f"{name}: {result}")
        return result

    made.export = export
    return made


resource = Resource({"service.name": f"python-{protocol}-{compression}", "service.version": "1.2.3"})
tracers = TracerProvider(resource=resource)
tracers.add_span_processor(
    BatchSpanProcessor(exporter("trace_exporter", "OTLPSpanExporter", "/v1/traces", SpanExportResult.SUCCESS))
)
loggers = LoggerProvider(resource=resource)
loggers.add_log_record_processor(
    BatchLogRecordProcessor(exporter("_log_exporter", "OTLPLogExporter", "/v1/logs", LogRecordExportResult.SUCCESS))
)
meters = MeterProvider(
    resource=resource,
    metric_readers=[
        PeriodicExportingMetricReader(
            exporter("metric_exporter", "OTLPMetricExporter", "/v1/metrics", MetricExportResult.SUCCESS),
            export_interval_millis=3_600_000,
        )
    ],
    views=[View(instrument_name="client.size", aggregation=ExponentialBucketHistogramAggregation())],
)

tracer = tracers.get_tracer("client.scope", "4.5")
earlier = tracer.start_span("earlier")
earlier.end()
parent = tracer.start_span(
    "parent",
    kind=SpanKind.SERVER,
    attributes={"http.request.method": "GET", "items": 7, "ratio": 0.25, "cached": True, "tags": ["a", "b"]},
    links=[Link(earlier.get_span_context(), {"why": "before"})],
)
parent.add_event("cache miss", {"key": "k"})
in_parent = trace.set_span_in_context(parent)
child = tracer.start_span("child", in_parent, kind=SpanKind.CLIENT)
child.record_exception(TypeError("no such item"))
child.set_status(Status(StatusCode.ERROR, "broken"))

logger = loggers.get_logger("client.scope", "4.5")
logger.emit(
    LogRecord(
        severity_number=SeverityNumber.WARN,
        severity_text="WARN",
        body="stock of item 7 is low",
        attributes={"item": 7, "place": "Zürich ☂"},
        context=trace.set_span_in_context(child, in_parent),
    )
)
logger.emit(LogRecord(severity_number=SeverityNumber.INFO, body={"action": "restock", "amount": 12}))
child.end()
parent.end()

meter = meters.get_meter("client.scope", "4.5")
meter.create_counter("client.requests", unit="{request}").add(3, {"route": "/a"})
level = meter.create_up_down_counter("client.level")
level.add(5)
level.add(-2)
meter.create_gauge("client.temperature", unit="Cel").set(21.5)
duration = meter.create_histogram("client.duration", unit="s", explicit_bucket_boundaries_advisory=[0.15, 1])
size = meter.create_histogram("client.size", unit="By")
for value in [0.1, 0.2, 7]:
    duration.record(value)
    size.record(value)

tracers.shutdown()
loggers.shutdown()
meters.shutdown()
if failures:
    sys.exit("; ".join(failures))
context = parent.get_span_context()
print(
    json.dumps(
        {
            "trace_id": trace.format_trace_id(context.trace_id),
            "parent": trace.format_span_id(context.span_id),
            "child": trace.format_span_id(child.get_span_context().span_id),
            "earlier": trace.format_span_id(earlier.get_span_context().span_id),
            "earlier_trace": trace.format_trace_id(earlier.get_span_context().trace_id),
        }
    )
)
