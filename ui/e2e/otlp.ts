import { randomBytes } from 'node:crypto'
import { expect } from '@playwright/test'
import type { EngineAddress } from './engine'

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
const nanoseconds = (milliseconds: number) => `${Math.round(milliseconds)}000000`

async function send(address: EngineAddress, signal: 'logs' | 'traces' | 'metrics', body: unknown): Promise<void> {
  const response = await fetch(`http://${address.otlpHttp}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status, await response.text()).toBe(200)
}

/**
 * Sends log lines, a trace of two spans and a gauge in the name of `service`; gives the trace's id.
 */
export async function sendAll(address: EngineAddress, service: string, lines: string[], word: string): Promise<string> {
  const now = Date.now()
  const traceId = randomBytes(16).toString('hex')
  const root = randomBytes(8).toString('hex')
  const resource = { attributes: [text('service.name', service), text('note', word)] }
  await send(address, 'logs', {
    resourceLogs: [
      {
        resource,
        scopeLogs: [
          {
            logRecords: lines.map((line, index) => ({
              timeUnixNano: nanoseconds(now - 1000 + index),
              severityNumber: 17,
              severityText: 'ERROR',
              body: { stringValue: line },
              attributes: [text(word, word)],
              traceId,
              spanId: root,
            })),
          },
        ],
      },
    ],
  })
  const span = (spanId: string, parentSpanId: string, from: number, to: number) => ({
    traceId,
    spanId,
    parentSpanId,
    name: word,
    kind: 2,
    startTimeUnixNano: nanoseconds(now - 1000 + from),
    endTimeUnixNano: nanoseconds(now - 1000 + to),
    attributes: [text(word, word)],
    status: { code: 2, message: word },
  })
  await send(address, 'traces', {
    resourceSpans: [
      {
        resource,
        scopeSpans: [{ spans: [span(root, '', 0, 900), span(randomBytes(8).toString('hex'), root, 100, 500)] }],
      },
    ],
  })
  await send(address, 'metrics', {
    resourceMetrics: [
      {
        resource,
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'hostile.gauge',
                description: word,
                unit: word.slice(0, 60),
                gauge: {
                  dataPoints: [1, 2, 3].map((value) => ({
                    timeUnixNano: nanoseconds(now - 60_000 + value * 15_000),
                    asDouble: value,
                    attributes: [text('note', word)],
                  })),
                },
              },
            ],
          },
        ],
      },
    ],
  })
  return traceId
}
