"""Sends StatsD with clients of two dialects: the Python packages `statsd` and `datadog`.

Arguments: host, port, path of a Unix datagram socket.
"""

import sys

import statsd
from datadog.dogstatsd import DogStatsd

host, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]

plain = statsd.StatsClient(host, port, prefix="shop")
for _ in range(20):
    plain.incr("orders")
plain.decr("orders", 3)
plain.gauge("depth", 40)
plain.gauge("depth", -15, delta=True)
plain.set("visitors", "eve")
plain.set("visitors", "bob")
plain.set("visitors", "eve")
for milliseconds in (10, 20, 30, 40):
    plain.timing("answer", milliseconds)
with plain.pipeline() as batch:
    batch.incr("batched")
    batch.incr("batched")

tagged = DogStatsd(host=host, port=port, constant_tags=["service:till", "env:test"], disable_telemetry=True)
for index in range(10):
    tagged.increment("payments", tags=["method:card"])
    tagged.distribution("amount", 10.0 * (index + 1))
    tagged.histogram("weight", index)
tagged.gauge("temperature", -7)
tagged.event("Till closed", "nothing is\nleft", alert_type="warning")
tagged.service_check("till.up", DogStatsd.CRITICAL, message="door open")
tagged.flush()

through_socket = DogStatsd(socket_path=path, disable_telemetry=True)
for _ in range(7):
    through_socket.increment("through.socket", tags=["kind:unix"])
through_socket.flush()
