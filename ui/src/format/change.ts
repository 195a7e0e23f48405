/** Changes and their intervals, worded as the engine words them. */

const size = (share: number): string => {
  const percent = Math.abs(share * 100)
  return percent >= 10 ? percent.toFixed(0) : String(Number(percent.toFixed(1)))
}
const signed = (share: number): string => (share < 0 && size(share) !== '0' ? `−${size(share)}` : size(share))

/**
 * Returns a relative change and its interval, such as `up 20% (18 to 23%)`. Bounds are in the
 * direction of the change. A change that rounds to nothing has none: `unchanged (−5 to 6%)`.
 */
export function formatChange(change: number | null, interval: readonly [number, number] | null): string {
  if (change === null) return '–'
  const isNone = size(change) === '0'
  const text = isNone ? 'unchanged' : `${change < 0 ? 'down' : 'up'} ${size(change)}%`
  if (!interval) return text
  const [from, to] = change < 0 && !isNone ? [-interval[1], -interval[0]] : interval
  return `${text} (${signed(from)} to ${signed(to)}%)`
}
