"""Sends one span with the official Python SDK and prints its outcome as JSON.

The settings are those of the environment (OTEL_EXPORTER_OTLP_ENDPOINT and so on), as the page Connect
shows them. Argument: protocol (grpc or protobuf).
"""

import importlib
import io
import json
import logging
import sys

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

(protocol,) = sys.argv[1:]
transport = "grpc" if protocol == "grpc" else "http"
log = io.StringIO()
logging.basicConfig(stream=log, level=logging.INFO)
package = importlib.import_module(f"opentelemetry.exporter.otlp.proto.{transport}.trace_exporter")
exporter = package.OTLPSpanExporter()
export_once = exporter.export
outcomes = []


def export(*arguments, **options):
    outcomes.append(export_once(*arguments, **options).name)


exporter.export = export
tracers = TracerProvider()
tracers.add_span_processor(SimpleSpanProcessor(exporter))
tracers.get_tracer("client.scope").start_span(f"over {protocol}").end()
tracers.shutdown()
print(json.dumps({"outcomes": outcomes, "log": log.getvalue()}))
