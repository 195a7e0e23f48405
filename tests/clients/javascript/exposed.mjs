// Exposes metrics of every type with prom-client: as OpenMetrics at /metrics, as text at /text.
// Prints its port and runs until standard input ends.

import { createServer } from 'node:http';
import { Counter, Gauge, Histogram, Registry, Summary, collectDefaultMetrics } from 'prom-client';

function filled(contentType) {
  const registry = new Registry();
  registry.setContentType(contentType);
  const registers = [registry];
  // The text format knows no exemplars.
  const enableExemplars = contentType === Registry.OPENMETRICS_CONTENT_TYPE;
  const count = (metric, labels, value, exemplarLabels) =>
    enableExemplars ? metric.inc({ labels, value, exemplarLabels }) : metric.inc(labels, value);
  const observe = (metric, labels, value, exemplarLabels) =>
    enableExemplars ? metric.observe({ labels, value, exemplarLabels }) : metric.observe(labels, value);
  const orders = new Counter({
    name: 'orders_total',
    help: 'Orders taken',
    labelNames: ['shop'],
    enableExemplars,
    registers,
  });
  count(orders, { shop: 'north' }, 5, { trace_id: '0af7651916cd43dd8448eb211c80319c' });
  count(orders, { shop: 'so"uth\\\n' }, 2);
  new Counter({ name: 'forks', help: 'Forks', registers }).inc(3);
  new Gauge({ name: 'queue_bytes', help: 'Waiting', registers }).set(1.5);
  const took = new Histogram({
    name: 'took_seconds',
    help: 'Took',
    buckets: [0.1, 1, 10],
    labelNames: ['route'],
    enableExemplars,
    registers,
  });
  const labels = { route: '/' };
  observe(took, labels, 0.05);
  observe(took, labels, 5, {
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
    span_id: '00f067aa0ba902b7',
    user: 'u',
  });
  observe(took, labels, 50);
  const size = new Summary({ name: 'size', help: 'Size', percentiles: [0.5, 0.9], registers });
  size.observe(3);
  size.observe(4);
  collectDefaultMetrics({ register: registry });
  return registry;
}

const registries = {
  '/metrics': filled(Registry.OPENMETRICS_CONTENT_TYPE),
  '/text': filled(Registry.PROMETHEUS_CONTENT_TYPE),
};
const server = createServer(async (request, response) => {
  const registry = registries[request.url];
  response.setHeader('Content-Type', registry.contentType);
  response.end(await registry.metrics());
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit());
