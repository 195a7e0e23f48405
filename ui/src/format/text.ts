/** A label set as text: `operation=GET /, status=500`. */
export function formatLabels(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ')
}

/** A text as it begins a line. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
