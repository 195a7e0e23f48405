"""Measures within spans with the official Python SDK, which records exemplars, and prints the traces.

The spans of `kept` are sent; those of `lost` go nowhere, as when another program samples them away.
Argument: endpoint (OTLP over gRPC).
"""

import json
import sys

from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import format_trace_id

endpoint = sys.argv[1]
resource = Resource({"service.name": "till"})
kept, lost = TracerProvider(resource=resource), TracerProvider(resource=resource)
kept.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint, insecure=True)))
reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=endpoint, insecure=True), 3_600_000)
meters = MeterProvider(resource=resource, metric_readers=[reader])
took = meters.get_meter("tests").create_histogram(
    "till.duration", unit="s", explicit_bucket_boundaries_advisory=[0.1, 1, 10]
)

traces = {}
measured = [("kept", kept, 0.05), ("lost", lost, 5.0)]
# A chart of increases needs two points. Outside a span there is no exemplar.
for name, _, seconds in measured:
    took.record(seconds, {"method": "card", "receipt": name})
meters.force_flush()
for name, tracers, seconds in measured:
    with tracers.get_tracer("tests").start_as_current_span(f"pay {name}") as span:
        took.record(seconds, {"method": "card", "receipt": name})
        traces[name] = format_trace_id(span.get_span_context().trace_id)
meters.shutdown()
kept.shutdown()
print(json.dumps(traces))
