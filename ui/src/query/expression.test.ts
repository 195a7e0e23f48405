import { describe, expect, it } from 'vitest'
import { ExpressionError } from './scanner'
import { readExpression, writeExpression, type MetricExpression } from './expression'

const expression: MetricExpression = {
  metric: 'http.server.request.duration',
  aggregation: 'p95',
  matchers: [
    { key: 'service', operator: 'equal', value: 'check"out\\' },
    { key: 'http.route', operator: 'not_regex', value: '/health.*' },
  ],
  groupBy: ['http.route', 'host.name'],
}

describe('the query of a chart', () => {
  it('is parsed as it was written', () => {
    expect(readExpression(writeExpression(expression))).toEqual(expression)
    const plain: MetricExpression = { metric: 'up', aggregation: 'last', matchers: [], groupBy: [] }
    expect(writeExpression(plain)).toBe('last(up)')
    expect(readExpression('  last ( up ) ')).toEqual(plain)
  })

  const failing: [string, number, string][] = [
    ['mean(up)', 0, 'expected one of'],
    ['sum up', 4, 'expected “(”'],
    ['sum(up{a})', 8, 'expected =, !='],
    ['sum(up{a="b)', 12, 'closing quote'],
    ['sum(up) of', 8, '“by” or the end'],
    ['sum(up) by (a', 13, '“,” or “)”'],
  ]
  it.each(failing)('%s fails at %i', (text, at, message) => {
    try {
      readExpression(text)
      expect.unreachable()
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ExpressionError)
      expect((thrown as ExpressionError).at).toBe(at)
      expect((thrown as ExpressionError).message).toContain(message)
    }
  })
})
