/** Reports the width of an element and its visibility: on screen, in a page that is shown. */
export function watchVisibility(
  target: HTMLElement,
  onwidth: (width: number) => void,
  onvisible: (visible: boolean) => void,
): () => void {
  let inView = true
  const report = () => onvisible(inView && document.visibilityState === 'visible')
  const sizes = new ResizeObserver(([entry]) => onwidth(Math.floor(entry?.contentRect.width ?? 0)))
  const intersections = new IntersectionObserver(
    ([entry]) => {
      inView = entry?.isIntersecting ?? true
      report()
    },
    { rootMargin: '120px' },
  )
  sizes.observe(target)
  intersections.observe(target)
  document.addEventListener('visibilitychange', report)
  return () => {
    sizes.disconnect()
    intersections.disconnect()
    document.removeEventListener('visibilitychange', report)
  }
}
