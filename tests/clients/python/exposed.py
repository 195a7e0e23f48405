"""Exposes metrics of every type with the official Python library, in the requested format.

Prints its port and runs until standard input ends.
"""

import sys

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary, start_http_server

registry = CollectorRegistry()
orders = Counter("orders", "Orders taken", ["shop"], registry=registry)
orders.labels("north").inc(5, exemplar={"trace_id": "0af7651916cd43dd8448eb211c80319c"})
orders.labels('so"uth\\\n').inc(2)
Gauge("queue_bytes", "Waiting", registry=registry).set(1.5)
took = Histogram("took_seconds", "Took", buckets=(0.1, 1, 10), registry=registry)
took.observe(0.05)
took.observe(5, exemplar={"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "user": "u"})
took.observe(50)
size = Summary("size", "Size", registry=registry)
size.observe(3)
size.observe(4)
Info("build", "Build", registry=registry).info({"version": "1.2"})
Enum("state", "State", states=["starting", "running"], registry=registry).state("running")

server, _ = start_http_server(0, addr="127.0.0.1", registry=registry)
print(server.server_port, flush=True)
sys.stdin.read()
