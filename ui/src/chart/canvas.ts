/**
 * Clears a canvas and returns its context, scaled to CSS pixels; null without a canvas. `width` and
 * `height` are in CSS pixels.
 */
export function cleared(
  canvas: HTMLCanvasElement | undefined,
  width: number,
  height: number,
): CanvasRenderingContext2D | null {
  const context = canvas?.getContext('2d') ?? null
  if (!canvas || !context) return null
  const ratio = devicePixelRatio || 1
  canvas.width = width * ratio
  canvas.height = height * ratio
  context.scale(ratio, ratio)
  return context
}
