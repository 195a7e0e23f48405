/** Tells the width of an element, and whether anybody can see it (on screen, in a shown page). */
export function watchSight(
  target: HTMLElement,
  onwidth: (width: number) => void,
  onsight: (visible: boolean) => void,
): () => void {
  let inView = true
  const settle = () => onsight(inView && document.visibilityState === 'visible')
  const sizes = new ResizeObserver(([entry]) => onwidth(Math.floor(entry?.contentRect.width ?? 0)))
  const sight = new IntersectionObserver(
    ([entry]) => {
      inView = entry?.isIntersecting ?? true
      settle()
    },
    { rootMargin: '120px' },
  )
  sizes.observe(target)
  sight.observe(target)
  document.addEventListener('visibilitychange', settle)
  return () => {
    sizes.disconnect()
    sight.disconnect()
    document.removeEventListener('visibilitychange', settle)
  }
}
