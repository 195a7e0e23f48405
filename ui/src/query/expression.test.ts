import { describe, expect, it } from 'vitest'
import { ExpressionError, Scanner } from './scanner'
import { readExpression, scanWindowed, writeExpression, type MetricExpression } from './expression'

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

  it('follows the order of PromQL and accepts groups at the end', () => {
    const grouped: MetricExpression = { metric: 'up', aggregation: 'sum', matchers: [], groupBy: ['route', 'host'] }
    expect(writeExpression(grouped)).toBe('sum by (route, host) (up)')
    expect(readExpression('sum(up) by (route, host)')).toEqual(grouped)
    expect(writeExpression(grouped, 5400)).toBe('sum by (route, host) (up[1h30m])')
    expect(scanWindowed(new Scanner('sum (up[5m]) by (route, host)'))).toEqual({ ...grouped, windowSeconds: 300 })
    expect(() => readExpression('sum(up[5m])')).toThrow('expected “)”')
  })

  const failing: [string, number, string][] = [
    ['mean(up)', 0, 'expected one of'],
    ['sum up', 4, 'expected “(”'],
    ['sum(up{a})', 8, 'expected =, !='],
    ['sum(up{a="b)', 12, 'closing quote'],
    ['sum(up) of', 8, '“by” or the end'],
    ['sum(up) bytes(route)', 8, '“by” or the end'],
    ['sum bypass(up)', 4, 'expected “(”'],
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
