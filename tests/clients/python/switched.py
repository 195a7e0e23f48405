"""Sends a gauge with the official Python SDK until it is ended. Its value is read from a file.

Arguments: endpoint (OTLP over gRPC), file.
"""

import pathlib
import sys
import threading

from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

endpoint, file = sys.argv[1:]


def read(_options):
    return [Observation(float(pathlib.Path(file).read_text()))]


reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=endpoint, insecure=True), export_interval_millis=500)
meters = MeterProvider(resource=Resource({"service.name": "orders"}), metric_readers=[reader])
meters.get_meter("tests").create_observable_gauge("queue.depth", callbacks=[read], unit="{order}")
threading.Event().wait()
