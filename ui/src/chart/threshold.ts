/** Rounds a dragged value to the coarsest decimal step below the resolution of a pixel. */
export function snap(value: number, perPixel: number): number {
  if (!Number.isFinite(value) || perPixel <= 0) return value
  const exponent = Math.ceil(Math.log10(perPixel))
  const coarse = 10 ** exponent
  const step = coarse / 2 >= perPixel ? coarse / 2 : coarse
  return Number((Math.round(value / step) * step).toPrecision(12))
}
