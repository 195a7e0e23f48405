// Sends spans, log records and metrics with the official JavaScript SDK and prints what was sent.
// Arguments: protocol (grpc, protobuf or json), compression (gzip or none), endpoint.

import { SpanKind, SpanStatusCode, context, metrics, trace } from '@opentelemetry/api';
import { SeverityNumber, logs } from '@opentelemetry/api-logs';
import { NodeSDK, logs as sdkLogs, metrics as sdkMetrics, resources, tracing } from '@opentelemetry/sdk-node';

const PACKAGES = { grpc: 'grpc', protobuf: 'proto', json: 'http' };

const [protocol, compression, endpoint] = process.argv.slice(2);

async function exporter(signal, name) {
  const module = await import(`@opentelemetry/exporter-${signal}-otlp-${PACKAGES[protocol]}`);
  const path = protocol === 'grpc' ? '' : `/v1/${signal === 'trace' ? 'traces' : signal}`;
  const made = new module[name]({ url: endpoint + path, compression });
  const exportOnce = made.export.bind(made);
  made.export = (items, done) =>
    exportOnce(items, (result) => {
      if (result.code !== 0) {
        console.error(signal, result.error);
        process.exitCode = 1;
      }
      done(result);
    });
  return made;
}

const sdk = new NodeSDK({
  autoDetectResources: false,
  resource: resources.resourceFromAttributes({
    'service.name': `javascript-${protocol}-${compression}`,
    'service.version': '1.2.3',
  }),
  spanProcessors: [new tracing.BatchSpanProcessor(await exporter('trace', 'OTLPTraceExporter'))],
  logRecordProcessors: [
    new sdkLogs.BatchLogRecordProcessor({ exporter: await exporter('logs', 'OTLPLogExporter') }),
  ],
  metricReaders: [
    new sdkMetrics.PeriodicExportingMetricReader({
      exporter: await exporter('metrics', 'OTLPMetricExporter'),
      exportIntervalMillis: 3_600_000,
    }),
  ],
  views: [
    {
      instrumentName: 'client.size',
      aggregation: { type: sdkMetrics.AggregationType.EXPONENTIAL_HISTOGRAM },
    },
  ],
});
sdk.start();

const tracer = trace.getTracer('client.scope', '4.5');
const earlier = tracer.startSpan('earlier');
earlier.end();
const parent = tracer.startSpan('parent', {
  kind: SpanKind.SERVER,
  attributes: { 'http.request.method': 'GET', items: 7, ratio: 0.25, cached: true, tags: ['a', 'b'] },
  links: [{ context: earlier.spanContext(), attributes: { why: 'before' } }],
});
parent.addEvent('cache miss', { key: 'k' });
const inParent = trace.setSpan(context.active(), parent);
const child = tracer.startSpan('child', { kind: SpanKind.CLIENT }, inParent);
child.recordException(new TypeError('no such item'));
child.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });

const logger = logs.getLogger('client.scope', '4.5');
logger.emit({
  severityNumber: SeverityNumber.WARN,
  severityText: 'WARN',
  body: 'stock of item 7 is low',
  attributes: { item: 7, place: 'Zürich ☂' },
  context: trace.setSpan(inParent, child),
});
logger.emit({ severityNumber: SeverityNumber.INFO, body: { action: 'restock', amount: 12 } });
child.end();
parent.end();

const meter = metrics.getMeter('client.scope', '4.5');
meter.createCounter('client.requests', { unit: '{request}' }).add(3, { route: '/a' });
const level = meter.createUpDownCounter('client.level');
level.add(5);
level.add(-2);
meter.createGauge('client.temperature', { unit: 'Cel' }).record(21.5);
const duration = meter.createHistogram('client.duration', {
  unit: 's',
  advice: { explicitBucketBoundaries: [0.15, 1] },
});
const size = meter.createHistogram('client.size', { unit: 'By' });
for (const value of [0.1, 0.2, 7]) {
  duration.record(value);
  size.record(value);
}

await sdk.shutdown();
console.log(
  JSON.stringify({
    trace_id: parent.spanContext().traceId,
    parent: parent.spanContext().spanId,
    child: child.spanContext().spanId,
    earlier: earlier.spanContext().spanId,
    earlier_trace: earlier.spanContext().traceId,
  }),
);
