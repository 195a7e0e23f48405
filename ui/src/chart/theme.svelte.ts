import { theme } from '@/state/theme.svelte'

/** Colours and fonts of the tokens, resolved for a canvas. */
export interface CanvasTheme {
  text: string
  muted: string
  faint: string
  line: string
  unknown: string
  accent: string
  surface: string
  font: string
  /** Resolves `var(--token)`; returns other colours unchanged. */
  colour(value: string): string
}

/** Returns the resolved tokens. An effect that reads it runs again when the theme changes. */
export function canvasTheme(): CanvasTheme {
  void theme.version
  const style = getComputedStyle(document.documentElement)
  const token = (name: string) => style.getPropertyValue(name).trim()
  return {
    text: token('--text'),
    muted: token('--muted'),
    faint: token('--faint'),
    line: token('--line'),
    unknown: token('--unknown'),
    accent: token('--accent'),
    surface: token('--surface'),
    font: `11px ${token('--ui') || 'sans-serif'}`,
    colour(value: string) {
      const match = /^var\((--[\w-]+)\)$/.exec(value)
      return match?.[1] ? token(match[1]) : value
    },
  }
}
