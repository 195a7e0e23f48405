import type { ChartSeries, InfiniteValue } from './types'

/**
 * Returns the infinite values of lines, from the texts of what cannot be drawn. Each line has a
 * colour.
 */
export function infiniteValues(
  series: readonly Pick<ChartSeries, 'texts'>[],
  colours: readonly string[],
): InfiniteValue[] {
  return series.flatMap(({ texts }, index) =>
    [...(texts ?? [])]
      .filter(([, text]) => text.endsWith('Inf'))
      .map(([time, text]) => ({ time, isUp: text.startsWith('+'), colour: colours[index] ?? '' })),
  )
}
